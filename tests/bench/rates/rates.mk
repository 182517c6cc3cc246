# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the rates benchmark runs: make -f Makefile -f .../rates.mk RATES=FOLDER-OF-THIS-FILE rates
# in the tree that is to be measured. Its programs are built a second time for User-mode Linux.
RATES_OUT := $(BUILD)/tests/rates
RATES_BPF := $(BPF_SRC:bpf/%.bpf.c=$(RATES_OUT)/bpf/%.skel.h)

.PHONY: rates
rates: $(BUILD)/raceway-loader $(RATES_OUT)/flow $(RATES_OUT)/edt $(RATES_OUT)/edt.bpf.o \
	$(RATES_OUT)/pass.bpf.o $(RATES_OUT)/raceway-loader

$(RATES_OUT)/flow: $(wildcard $(RATES)/flow*.c) $(wildcard $(RATES)/flow*.h)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(filter %.c,$^)

$(RATES_OUT)/edt: $(RATES)/edt.c $(RATES)/edt.h
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(LDLIBS_ALL)

$(RATES_OUT)/%.bpf.o: $(RATES)/%.bpf.c $(RATES)/edt.h
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(RATES_OUT)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/lib/*.h include/raceway/*.h) $(RATES)/nojit.h
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -include $(RATES)/nojit.h -c $< -o $@.tmp.o
	$(Q)$(BPFTOOL) gen object $@ $@.tmp.o
	@rm -f $@.tmp.o

$(RATES_OUT)/bpf/%.skel.h: $(RATES_OUT)/bpf/%.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

# The library's object that holds the programs stays out: this one comes first.
$(RATES_OUT)/raceway-loader: userspace/loader/main.c userspace/loader/objects.c $(RATES_BPF) \
		$(BUILD)/libraceway.a
	$(call say,LINK,$@)
	$(Q)$(CC) -I$(RATES_OUT)/bpf $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ userspace/loader/main.c \
		userspace/loader/objects.c $(BUILD)/libraceway.a $(LDLIBS_ALL)
