# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Builds Raceway and runs its tests; `make help` lists what there is.

PREFIX ?= /usr
DESTDIR ?=
BUILD ?= build
V ?=
# Short lines unless V=1.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
ARCH_INCLUDE := -I/usr/include/$(shell uname -m)-linux-gnu

LIBS := libbpf libxdp libnl-3.0 libnl-route-3.0 libnl-genl-3.0 sqlite3 libmicrohttpd jansson \
	yaml-0.1 libsystemd gnutls
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	-Wno-unused-parameter
CFLAGS ?= -O2 -g
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
SANITIZE ?=
ifneq ($(SANITIZE),)
HARDEN := -fno-omit-frame-pointer
endif
ENGINE_LIBS := liburing libiscsi libisal gnutls
CPPFLAGS_ALL = -D_GNU_SOURCE -Iinclude -Iuserspace -I$(BUILD)/bpf $(shell pkg-config --cflags $(LIBS))
CFLAGS_ALL = -std=gnu11 $(CFLAGS) $(HARDEN) $(WARN) $(SANITIZE) $(CPPFLAGS_ALL)
LDLIBS_ALL = $(shell pkg-config --libs $(LIBS)) -lhttp_parser
LDLIBS_ENGINE = $(shell pkg-config --libs $(ENGINE_LIBS)) -pthread
# Libraries that a program does not use are not loaded: they would be most of the client's start.
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now,--as-needed $(SANITIZE) $(LDFLAGS)

# Where the loader's main() and the daemon's and the client's files stay out of the library.
LIB_SRC := $(filter-out userspace/loader/main.c,$(wildcard \
	$(foreach d,util model store plan loader net storage api node,userspace/$(d)/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
# The storage engine's files, in a library of their own: racewayd links none of them.
ENGINE_SRC := $(filter-out userspace/vhba/main.c,$(wildcard \
	$(foreach d,scsi iscsi vhba,userspace/$(d)/*.c)))
ENGINE_OBJ := $(ENGINE_SRC:%.c=$(BUILD)/%.o)
PROGRAMS := $(BUILD)/raceway-loader
ifneq ($(wildcard userspace/daemon/main.c),)
PROGRAMS += $(BUILD)/racewayd
endif
ifneq ($(wildcard userspace/cli/main.c),)
PROGRAMS += $(BUILD)/raceway
endif
ifneq ($(wildcard userspace/vhba/main.c),)
PROGRAMS += $(BUILD)/raceway-vhba
endif

BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_OBJ := $(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o)
BPF_SKEL := $(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.skel.h)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter -Iinclude \
	-Ibpf $(ARCH_INCLUDE)

UNIT_DIRS := $(notdir $(patsubst %/,%,$(dir $(wildcard tests/unit/*/.))))
UNIT_BIN := $(UNIT_DIRS:%=$(BUILD)/tests/unit-%)
# Programs that the network tests attach beside ours, compiled once: clang in a VM takes minutes.
NET_TEST_OBJ := $(patsubst tests/net/%.bpf.c,$(BUILD)/tests/net/%.bpf.o,$(wildcard tests/net/*.bpf.c))
BPF_TEST_BIN := $(if $(wildcard tests/bpf/*.c),$(BUILD)/tests/bpf-all)

.PHONY: all deps check check-unit check-bpf check-net vm-tests bench fuzz lint sanitize mutants \
	demo install clean help format
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS) $(BPF_OBJ)

help:
	@echo 'all        build everything (default)'
	@echo 'deps       install what is missing (Debian packages, needs root)'
	@echo 'check      unit, BPF and network-namespace tests (root)'
	@echo 'vm-tests   the data path on other kernels, in small VMs; KERNEL="6.1 6.12"; ALL=1 pacing'
	@echo '           by fq and tunnels too, which takes minutes more'
	@echo 'mutants    break the code in small ways and see the tests go red'
	@echo 'sanitize   all userspace tests with AddressSanitizer and UBSan'
	@echo 'bench      measure, print a table, write build/bench.json'
	@echo 'demo       a whole chassis out of namespaces; KEEP=1 leaves it standing; CHASSIS=1 the'
	@echo '           full one of 24 servers with 32 vNICs each, SERVERS=8 a smaller one'
	@echo 'lint       clang-format, shellcheck, banned functions, generated documents'
	@echo 'fuzz       fuzz the parsers; SECONDS=60'
	@echo 'install    into $$(DESTDIR)$$(PREFIX)'

deps:
	./tools/deps

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/lib/*.h include/raceway/*.h)
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@.tmp.o
	$(Q)$(BPFTOOL) gen object $@ $@.tmp.o
	@rm -f $@.tmp.o

$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,GEN,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

$(LIB_OBJ): | $(BPF_SKEL)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

$(BUILD)/libraceway.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(BUILD)/raceway-loader: $(BUILD)/userspace/loader/main.o $(BUILD)/libraceway.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(BUILD)/racewayd: $(patsubst %.c,$(BUILD)/%.o,$(wildcard userspace/daemon/*.c)) $(BUILD)/libraceway.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(BUILD)/raceway: $(patsubst %.c,$(BUILD)/%.o,$(wildcard userspace/cli/*.c)) $(BUILD)/libraceway.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(BUILD)/libraceway-engine.a: $(ENGINE_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(BUILD)/raceway-vhba: $(BUILD)/userspace/vhba/main.o $(BUILD)/libraceway-engine.a \
		$(BUILD)/libraceway.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ENGINE) -ljansson -lsystemd

# One Criterion binary per folder of tests/unit, which mirrors the source path.
# The client's files are in no library.
UNIT_EXTRA_cli := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(wildcard userspace/cli/*.c)))
# The engine's units link its library; the others do not. (flow: parts of vhba/ in simulated time.)
$(foreach d,scsi iscsi vhba flow,$(eval UNIT_EXTRA_$(d) := $(BUILD)/libraceway-engine.a) \
	$(eval UNIT_LIBS_$(d) := $$(LDLIBS_ENGINE)))
define UNIT_RULE
$(BUILD)/tests/unit-$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/$(1)/*.c)) \
		$(UNIT_EXTRA_$(1)) $(BUILD)/libraceway.a
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $$@ $$^ $(LDLIBS_ALL) $(UNIT_LIBS_$(1)) -lcriterion
endef
$(foreach d,$(UNIT_DIRS),$(eval $(call UNIT_RULE,$(d))))

$(BUILD)/tests/bpf-all: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bpf/*.c)) $(BUILD)/libraceway.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL) -lcriterion

check: deps
	./tests/run unit bpf net

check-unit check-bpf check-net: check-%: all
	./tests/run $*

$(BUILD)/tests/net/%.bpf.o: tests/net/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# Initiators of the tests and of the benchmark's storage part.
TORTURE := $(BUILD)/tests/raceway-torture
$(TORTURE): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/net/torture/*.c))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -liscsi

$(BUILD)/tests/storage-%: $(BUILD)/tests/bench/storage/%.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -liscsi

tests: all $(UNIT_BIN) $(BPF_TEST_BIN) $(NET_TEST_OBJ) $(TORTURE) $(BUILD)/tests/storage-many
.PHONY: tests

vm-tests: all $(NET_TEST_OBJ)
	./vm-tests/run-all $(if $(ALL),--timeout 700,--timeout 240 --only '[0-3]*') $(KERNEL)

demo:
	./tools/$(if $(CHASSIS),chassis $(SERVERS),demo)

mutants bench lint sanitize fuzz:
	@if [ -x ./tools/$@ ]; then exec ./tools/$@; else echo '$@: not yet' >&2; exit 3; fi

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

install: all
	./tools/install "$(DESTDIR)" "$(PREFIX)" "$(BUILD)"

clean:
	rm -rf $(BUILD)

# What tools/bench runs, with BPF programs of its own.
BENCH_SKEL := $(patsubst %.bpf.c,$(BUILD)/%.skel.h,$(wildcard tests/bench/*.bpf.c))
BENCH_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c)))
$(BUILD)/tests/bench/%.bpf.o: tests/bench/%.bpf.c tests/bench/shared.h \
		$(wildcard bpf/lib/*.h include/raceway/*.h)
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@.tmp.o
	$(Q)$(BPFTOOL) gen object $@ $@.tmp.o
	@rm -f $@.tmp.o

$(BUILD)/tests/bench/%.skel.h: $(BUILD)/tests/bench/%.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

$(BENCH_OBJ): CPPFLAGS_ALL += -I$(BUILD)/tests/bench
$(BENCH_OBJ): | $(BENCH_SKEL)

$(BUILD)/tests/raceway-bench: $(BENCH_OBJ) $(BUILD)/libraceway.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
