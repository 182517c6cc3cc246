/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Configurations: what is wrong in an object is its problem, what is wrong in the form is all's. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vhba/config.h"

static json_t *problems;
static struct raceway_config *config;
static struct raceway_error err;

#define SAN "{\"name\": \"p\", \"type\": \"pool\", \"path\": \"/srv\"}"
#define VOLUME "{\"name\": \"p/a\", \"size\": 1048576, \"id\": \"00000000000000a1\"}"
#define VHBA(more)                                                                                 \
	"{\"name\": \"web1/h0\", \"wwpn\": \"3000000000000001\", \"san\": \"p\", "                 \
	"\"auth\": \"none\" " more "}"

/* Reads a document with these lists. */
static int read_config(const char *sans, const char *volumes, const char *portals,
		       const char *vhbas)
{
	char text[8192];
	json_t *document;
	int ret;

	snprintf(text, sizeof(text),
		 "{\"target\": \"iqn.2026-11.local.raceway:t\", \"sans\": [%s], "
		 "\"volumes\": [%s], \"portals\": [%s], \"vhbas\": [%s]}",
		 sans, volumes, portals, vhbas);
	document = json_loads(text, 0, NULL);
	cr_assert_not_null(document, "%s", text);
	raceway_config_free(config);
	config = NULL;
	json_decref(problems);
	problems = json_array();
	memset(&err, 0, sizeof(err));
	ret = raceway_config_read(document, problems, &config, &err);
	json_decref(document);
	return ret;
}

static void end(void)
{
	raceway_config_free(config);
	json_decref(problems);
}

static void expect_problem(const char *object, const char *part)
{
	const json_t *problem = json_array_get(problems, 0);

	cr_assert_eq(json_array_size(problems), 1, "%s: %zu problems", object,
		     json_array_size(problems));
	cr_expect_str_eq(json_string_value(json_object_get(problem, "object")), object);
	cr_expect_not_null(strstr(json_string_value(json_object_get(problem, "message")), part),
			   "%s: %s", object,
			   json_string_value(json_object_get(problem, "message")));
}

Test(config, reads_a_whole, .fini = end)
{
	const struct raceway_vhba_config *vhba;

	cr_assert_eq(
		read_config("{\"name\": \"z\", \"type\": \"null\"}, " SAN,
			    VOLUME ", {\"name\": \"p/dev\", \"dev\": \"/dev/sdx\", "
				   "\"id\": \"00000000000000a2\"}",
			    "{\"name\": \"one\", \"address\": \"[::1]:3260\", \"group\": 2, "
			    "\"transport\": \"iscsi\"}",
			    VHBA(", \"cir\": 8000000, \"iops_pir\": 500, \"weight\": 3, \"local\": "
				 "true, \"macs\": [\"02:00:00:00:00:01\"], \"luns\": [{\"lun\": 9, "
				 "\"volume\": \"p/a\", \"ro\": true}, {\"lun\": 0, \"volume\": "
				 "\"p/dev\", \"ro\": false}]")),
		0, "%s", err.message);
	cr_expect_eq(json_array_size(problems), 0);
	cr_assert(config->san_count == 2 && config->volume_count == 2 && config->vhba_count == 1);
	cr_expect_str_eq(config->sans[0].name, "p", "sorted");
	cr_expect_eq(config->portals[0].group, 2);
	vhba = &config->vhbas[0];
	cr_expect_str_eq(vhba->initiator, "naa.3000000000000001");
	cr_expect(vhba->limits.cir_bps == 8000000 && vhba->limits.iops_pir == 500);
	cr_expect(vhba->limits.weight == 3 && vhba->local && vhba->mac_count == 1);
	cr_assert_eq(vhba->lun_count, 2);
	cr_expect(vhba->luns[0].lun == 0 && vhba->luns[1].lun == 9 && vhba->luns[1].read_only);
	cr_expect_eq(vhba->luns[1].volume, raceway_config_volume(config, "p/a"));
}

Test(config, leaves_out_what_is_wrong, .fini = end)
{
	static const struct {
		const char *sans, *volumes, *portals, *vhbas, *object, *part;
	} cells[] = {
		{ "{\"name\": \"f\", \"type\": \"fc\"}", "", "", "", "san f", "type fc" },
		{ "{\"name\": \"f\", \"type\": \"pool\", \"path\": \"a\"}", "", "", "", "san f",
		  "absolute" },
		{ "{\"name\": \"f\", \"type\": \"iscsi\", \"portal\": \"h\"}", "", "", "", "san f",
		  "target" },
		{ SAN, "{\"name\": \"q/a\", \"size\": 512, \"id\": \"00000000000000a1\"}", "", "",
		  "volume q/a", "san q" },
		{ SAN, "{\"name\": \"p/a\", \"size\": 513, \"id\": \"00000000000000a1\"}", "", "",
		  "volume p/a", "multiple" },
		{ SAN, "{\"name\": \"p/a\", \"size\": 512, \"id\": \"a1\"}", "", "", "volume p/a",
		  "id" },
		{ SAN, "{\"name\": \"p/a\", \"id\": \"00000000000000a1\"}", "", "", "volume p/a",
		  "either" },
		{ SAN, "{\"name\": \"p/../a\", \"size\": 512, \"id\": \"00000000000000a1\"}", "",
		  "", "volume p/../a", "SAN/NAME" },
		{ "", "", "{\"name\": \"x\", \"address\": \"1\", \"transport\": \"srp\"}", "",
		  "portal x", "srp" },
		{ "", "", "", VHBA(""), "vhba web1/h0", "san p" },
		{ SAN, "", "", VHBA(", \"luns\": [{\"lun\": 0, \"volume\": \"p/a\"}]"),
		  "vhba web1/h0", "p/a is not served" },
		{ SAN ", {\"name\": \"z\", \"type\": \"null\"}",
		  "{\"name\": \"z/a\", \"size\": 512, \"id\": \"00000000000000a1\"}", "",
		  VHBA(", \"luns\": [{\"lun\": 0, \"volume\": \"z/a\"}]"), "vhba web1/h0",
		  "not on its SAN" },
		{ SAN, "", "",
		  VHBA("") ", {\"name\": \"web2/h0\", \"san\": \"p\", \"auth\": \"none\", "
			   "\"initiator\": \"NAA.3000000000000001\"}",
		  "vhba web2/h0", "web1/h0 has it" },
		{ SAN, "", "",
		  "{\"name\": \"w/h\", \"wwpn\": \"1\", \"san\": \"p\", \"auth\": \"chap\"}",
		  "vhba w/h", "chap" },
		{ SAN, "", "",
		  "{\"name\": \"w/h\", \"wwpn\": \"1\", \"san\": \"p\", \"auth\": \"chap\", "
		  "\"chap\": \"u\", \"secret_file\": \"/nonexistent/x\"}",
		  "vhba w/h", "No such file" },
		{ SAN, "", "",
		  "{\"name\": \"w/h\", \"wwpn\": \"1\", \"san\": \"p\", \"auth\": \"kerberos\"}",
		  "vhba w/h", "kerberos" },
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		cr_assert_eq(read_config(cells[i].sans, cells[i].volumes, cells[i].portals,
					 cells[i].vhbas),
			     0, "cell %zu: %s", i, err.message);
		expect_problem(cells[i].object, cells[i].part);
		cr_expect_leq(config->vhba_count, 1, "cell %zu: it is left out", i);
	}
}

Test(config, refuses_what_is_not_of_the_form, .fini = end)
{
	static const struct {
		const char *sans, *volumes, *portals, *vhbas;
	} cells[] = {
		{ "7", "", "", "" },
		{ "{\"type\": \"pool\"}", "", "", "" },
		{ "{\"name\": \"\", \"type\": \"pool\"}", "", "", "" },
		{ SAN "," SAN, "", "", "" },
		{ SAN, "{\"name\": \"p/a\", \"size\": -1, \"id\": \"00000000000000a1\"}", "", "" },
		{ SAN, "{\"name\": \"p/a\", \"size\": \"9\", \"id\": \"00000000000000a1\"}", "",
		  "" },
		{ "", "", "{\"name\": \"x\", \"address\": \"1\", \"group\": 65536}", "" },
		{ SAN, "", "", VHBA(", \"weight\": 0") },
		{ SAN, "", "", VHBA(", \"pir\": 999") },
		{ SAN, "", "", VHBA(", \"macs\": [\"02:00:00\"]") },
		{ SAN, VOLUME, "", VHBA(", \"luns\": [{\"lun\": 16384, \"volume\": \"p/a\"}]") },
		{ SAN, VOLUME, "",
		  VHBA(", \"luns\": [{\"lun\": 1, \"volume\": \"p/a\"}, {\"lun\": 1, \"volume\": "
		       "\"p/a\"}]") },
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		cr_expect_lt(read_config(cells[i].sans, cells[i].volumes, cells[i].portals,
					 cells[i].vhbas),
			     0, "cell %zu", i);
		cr_expect_null(config);
		cr_expect_gt(strlen(err.message), 0, "cell %zu", i);
	}
}

static void write_secret(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

Test(config, secrets_of_both_directions_differ, .fini = end)
{
	char one[64], two[64], vhba[512];

	snprintf(one, sizeof(one), "/tmp/rwunit.%d.one", getpid());
	snprintf(two, sizeof(two), "/tmp/rwunit.%d.two", getpid());
	snprintf(vhba, sizeof(vhba),
		 "{\"name\": \"w/h\", \"wwpn\": \"1\", \"san\": \"p\", \"auth\": \"chap\", "
		 "\"chap\": \"u\", \"secret_file\": \"%s\", \"mutual_chap\": \"t\", "
		 "\"mutual_secret_file\": \"%s\"}",
		 one, two);
	write_secret(one, "123456789012");
	write_secret(two, "123456789012");
	cr_assert_eq(read_config(SAN, "", "", vhba), 0);
	expect_problem("vhba w/h", "same secret");
	write_secret(two, "123456789013");
	cr_assert_eq(read_config(SAN, "", "", vhba), 0);
	cr_assert_eq(json_array_size(problems), 0);
	cr_expect(config->vhbas[0].chap.required && config->vhbas[0].chap.secret_bytes == 12);
	cr_expect_arr_eq(config->vhbas[0].chap.mutual_secret, "123456789013", 12);
	unlink(one);
	unlink(two);
}
