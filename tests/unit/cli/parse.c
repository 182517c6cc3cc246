/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Command lines to requests, and what is refused with which status and words. */
#include "cli/parse.h"

#include <criterion/criterion.h>

#include "line.h"

struct request {
	char line[160];
	char method[8];
	char path[80];
	char body[200]; /* compact JSON with sorted keys, "" for none */
};

static const struct request requests[] = {
	{ "port add up0 dev eth0 role uplink rate 25gbit", "POST", "/v1/ports",
	  "{\"dev\":\"eth0\",\"name\":\"up0\",\"rate\":25000000000,\"role\":\"uplink\"}" },
	{ "vnic set web1/eth0 tx-pir 2gbit", "PATCH", "/v1/vnics/web1/eth0",
	  "{\"tx_pir\":2000000000}" },
	{ "vnic set web1/eth0 rx-cir 100mbps tx-cbs 64k", "PATCH", "/v1/vnics/web1/eth0",
	  "{\"rx_cir\":800000000,\"tx_cbs\":65536}" },
	{ "vnic set web1/eth0 tx-pir ''", "PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":null}" },
	{ "vnic del web1/eth0", "DELETE", "/v1/vnics/web1/eth0", "" },
	{ "vnic delete web1/eth0", "DELETE", "/v1/vnics/web1/eth0", "" },
	{ "vnic", "GET", "/v1/vnics", "" },
	{ "vnic show", "GET", "/v1/vnics", "" },
	{ "vnic list", "GET", "/v1/vnics", "" },
	{ "vnic show web1/eth0", "GET", "/v1/vnics/web1/eth0", "" },
	{ "vnic web1/eth0", "GET", "/v1/vnics/web1/eth0", "" },
	{ "-s vnic show web1/eth0", "GET", "/v1/vnics/web1/eth0?stats=1", "" },
	{ "vnic show -js", "GET", "/v1/vnics?stats=1", "" },
	{ "port -s", "GET", "/v1/ports?stats=1", "" },
	/* shortened: object, command and words */
	{ "seg a lan num 10 up up0 vl 20 sw vepa", "POST", "/v1/segments",
	  "{\"name\":\"lan\",\"number\":10,\"switching\":\"vepa\",\"uplink\":\"up0\",\"vlan\":"
	  "20}" },
	{ "segment add lan untagged uplink up0", "POST", "/v1/segments",
	  "{\"name\":\"lan\",\"untagged\":true,\"uplink\":\"up0\"}" },
	/* ranges are the daemon's */
	{ "segment add lan vlan 5000", "POST", "/v1/segments", "{\"name\":\"lan\",\"vlan\":5000}" },
	{ "vnic add w/e segment lan spoofcheck off mac AA:bb:CC:dd:EE:0f", "POST", "/v1/vnics",
	  "{\"mac\":\"aa:bb:cc:dd:ee:0f\",\"name\":\"w/"
	  "e\",\"segment\":\"lan\",\"spoofcheck\":false}" },
	{ "vnic add w/e segment lan description -j", "POST", "/v1/vnics",
	  "{\"description\":\"-j\",\"name\":\"w/e\",\"segment\":\"lan\"}" },
	{ "server add s1 port fab0 port fab1", "POST", "/v1/servers",
	  "{\"name\":\"s1\",\"port\":[\"fab0\",\"fab1\"]}" },
	{ "server add s1", "POST", "/v1/servers", "{\"name\":\"s1\"}" },
	{ "server enroll s1", "POST", "/v1/servers/s1/enroll", "{}" },
	{ "profile bind web1 server s1", "PATCH", "/v1/profiles/web1", "{\"server\":\"s1\"}" },
	{ "profile bind web1 serv s1", "PATCH", "/v1/profiles/web1", "{\"server\":\"s1\"}" },
	{ "profile unbind web1", "PATCH", "/v1/profiles/web1", "{\"server\":null}" },
	/* storage */
	{ "pool add p type mac from 02:AA:00:00:00:01 to 02:aa:00:00:00:ff", "POST", "/v1/pools",
	  "{\"from\":\"02:aa:00:00:00:01\",\"name\":\"p\",\"to\":\"02:aa:00:00:00:ff\",\"type\":"
	  "\"mac\"}" },
	{ "pool add p type wwpn from 50:00:00:00:00:00:00:0A to 50000000000000ff", "POST",
	  "/v1/pools",
	  "{\"from\":\"500000000000000a\",\"name\":\"p\",\"to\":\"50000000000000ff\",\"type\":"
	  "\"wwpn\"}" },
	{ "pool reserve p 02:AA:00:00:00:05", "POST", "/v1/pools/p/reserve",
	  "{\"value\":\"02:aa:00:00:00:05\"}" },
	{ "pool release p 500000000000000A", "POST", "/v1/pools/p/release",
	  "{\"value\":\"500000000000000a\"}" },
	{ "template add t updating", "POST", "/v1/templates",
	  "{\"name\":\"t\",\"updating\":true}" },
	{ "template set t initial", "PATCH", "/v1/templates/t", "{\"initial\":true}" },
	{ "profile add web1 from t", "POST", "/v1/profiles", "{\"from\":\"t\",\"name\":\"web1\"}" },
	{ "profile set web1 from ''", "PATCH", "/v1/profiles/web1", "{\"from\":null}" },
	{ "vhba add w/h san x pool p wwnn-pool n", "POST", "/v1/vhbas",
	  "{\"name\":\"w/h\",\"pool\":\"p\",\"san\":\"x\",\"wwnn_pool\":\"n\"}" },
	{ "san add p type pool path /srv/p/", "POST", "/v1/sans",
	  "{\"name\":\"p\",\"path\":\"/srv/p\",\"type\":\"pool\"}" },
	{ "volume add p/v size 10g", "POST", "/v1/volumes",
	  "{\"name\":\"p/v\",\"size\":10737418240}" },
	{ "volume set p/v size 20g", "PATCH", "/v1/volumes/p/v", "{\"size\":21474836480}" },
	{ "volume snapshot p/v s", "POST", "/v1/volumes/p/v/snapshot", "{\"name\":\"s\"}" },
	{ "volume clone p/v p/c", "POST", "/v1/volumes/p/v/clone", "{\"name\":\"p/c\"}" },
	{ "portal add x address ::1 netns n", "POST", "/v1/portals",
	  "{\"address\":\"[::1]:3260\",\"name\":\"x\",\"netns\":\"n\"}" },
	{ "vhba add w/h san p wwpn 50:01:43:80:AB:CD:EF:00 cir 1gbit", "POST", "/v1/vhbas",
	  "{\"cir\":1000000000,\"name\":\"w/h\",\"san\":\"p\",\"wwpn\":\"50014380abcdef00\"}" },
	{ "vhba set w/h chap u secret-file /a mutual-chap m secret-file /b", "PATCH",
	  "/v1/vhbas/w/h",
	  "{\"chap\":\"u\",\"mutual_chap\":\"m\",\"mutual_secret_file\":\"/b\","
	  "\"secret_file\":\"/a\"}" },
	{ "vhba set w/h mutual-chap m sec /b secret-file /a chap u", "PATCH", "/v1/vhbas/w/h",
	  "{\"chap\":\"u\",\"mutual_chap\":\"m\",\"mutual_secret_file\":\"/b\","
	  "\"secret_file\":\"/a\"}" },
	{ "vhba map w/h lun 3 volume p/v ro", "POST", "/v1/vhbas/w/h/map",
	  "{\"lun\":3,\"ro\":true,\"volume\":\"p/v\"}" },
	{ "vhba map w/h vol p/v lun 0 sh", "POST", "/v1/vhbas/w/h/map",
	  "{\"lun\":0,\"shared\":true,\"volume\":\"p/v\"}" },
	{ "vhba unmap w/h lun 3", "POST", "/v1/vhbas/w/h/unmap", "{\"lun\":3}" },
	{ "-s vhba w/h", "GET", "/v1/vhbas/w/h?stats=1", "" },
};

Test(cli_parse, requests)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct request *want = &requests[i];
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		struct raceway_cli cli;
		struct line line;
		char *body;
		int r;

		line_split(&line, want->line);
		r = raceway_cli_parse(line.argc, line.argv, &cli, &err);
		cr_assert_eq(r, 0, "%s: %s", want->line, err.message);
		cr_expect_str_eq(cli.method, want->method, "%s: %s", want->line, cli.method);
		cr_expect_str_eq(cli.path, want->path, "%s: %s", want->line, cli.path);
		body = cli.body ? json_dumps(cli.body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
		cr_expect_str_eq(body ? body : "", want->body, "%s: %s", want->line, body);
		free(body);
		raceway_cli_clear(&cli);
	}
}

struct refusal {
	char line[160];
	int status;
	char message[200]; /* as it is printed, or its beginning */
};

static const struct refusal refusals[] = {
	/* words */
	{ "frobnicate", 2, "no object or command \"frobnicate\"; there are: port, segment" },
	{ "vnci", 2, "no object or command \"vnci\"; did you mean vnic?" },
	{ "po", 2, "no object or command \"po\"; it could be port, pool, portal" },
	{ "-x vnic", 2, "no option \"-x\"; there are: -j" },
	{ "vnic shwo", 2, "vnic: no command \"shwo\"; did you mean show?" },
	{ "vnic -x", 2, "vnic: no command \"-x\"" },
	{ "segment x/y", 2, "segment: no command \"x/y\"" },
	{ "vnic add w/e segmnt lan", 2, "vnic w/e: no word \"segmnt\"; did you mean segment?" },
	{ "vnic add w/e segment lan tx 1gbit", 2,
	  "vnic w/e: no word \"tx\"; it could be tx-cir, tx-pir" },
	{ "vnic add w/e segment lan number 3", 2, "vnic w/e: no word \"number\"" },
	{ "profile bind web1 srver s1", 2,
	  "profile web1: no word \"srver\"; did you mean server?" },
	{ "--socket", 2, "--socket needs a path" },
	{ "--if-version", 2, "--if-version needs a number" },
	{ "--if-version x vnic del w/e", 2, "vnic w/e: --if-version x is no version" },
	{ "--if-version 0 vnic del w/e", 2, "vnic w/e: --if-version 0 is no version" },
	{ "--if-version -1 vnic del w/e", 2, "vnic w/e: --if-version -1 is no version" },
	{ "vnic del w/e --if-version 10000000000000000000", 2, "vnic w/e: --if-version" },
	{ "vnic add w/e segment lan --if-version 3", 2,
	  "vnic w/e: --if-version is for what changes or deletes one object" },
	{ "vnic show w/e --if-version 3", 2, "vnic w/e: --if-version is for what changes" },
	{ "apply -f x --if-version 3", 2, "apply: --if-version is for what changes" },
	{ "audit -n 0", 2, "audit: -n 0 is no number from 1" },
	{ "audit gadget", 2, "audit: no word \"gadget\"" },
	{ "audit vnic a/b/c", 2, "audit: no word \"a/b/c\"" },
	{ "audit vnic a/b c", 2, "audit: no word \"c\"" },
	{ "backup", 2, "backup: -w FILE is missing" },
	{ "restore --dry-run", 2, "restore: -f FILE is missing" },
	{ "--socket= vnic", 2, "--socket needs a path" },
	/* names */
	{ "vnic add", 2, "vnic: add needs the name of a vnic" },
	{ "vnic del", 2, "vnic: del needs the name of a vnic" },
	{ "vnic add eth0 segment lan", 2,
	  "vnic: \"eth0\" is no name of a vnic: that is PROFILE/NAME" },
	{ "vnic add a/b/c segment lan", 2, "vnic: \"a/b/c\" is no name" },
	{ "port del ../x", 2, "port: \"../x\" is no name" },
	{ "port del a?b", 2, "port: \"a?b\" is no name" },
	{ "port del %2e", 2, "port: \"%2e\" is no name" },
	{ "port show ''", 2, "port: \"\" is no name" },
	{ "profile bind web1 server a/b", 2, "profile web1: \"a/b\" is no name" },
	/* values */
	{ "segment add lan vlan x", 2, "segment lan: vlan" },
	{ "segment add lan vlan -5", 2, "segment lan: vlan" },
	{ "segment add lan vlan", 2, "segment lan: vlan needs a value: N" },
	{ "vnic set w/e tx-pir fast", 2, "vnic w/e: tx-pir" },
	{ "vnic set w/e spoofcheck maybe", 2, "vnic w/e: spoofcheck" },
	{ "vnic set w/e mac 1:2:3", 2, "vnic w/e: mac" },
	{ "port add p dev eth0 role sideways", 2, "port p: role" },
	/* too little, too much */
	{ "port add p", 2, "port p: dev IFNAME is missing" },
	{ "port add p dev eth0", 2, "port p: role uplink|fabric is missing" },
	{ "vnic add w/e", 2, "vnic w/e: segment SEGMENT is missing" },
	{ "vnic set w/e", 2, "vnic w/e: set needs at least one word and its value" },
	{ "vnic set w/e tx-pir 1gbit tx-p 2gbit", 2, "vnic w/e: no word \"tx-p\"" },
	{ "vnic set w/e tx-pir 1gbit tx-pi 2gbit", 2, "vnic w/e: tx-pir is given twice" },
	{ "segment set lan untagged untagged", 2, "segment lan: untagged is given twice" },
	{ "vnic del w/e now", 2, "vnic w/e: \"now\" is one word too many" },
	{ "vnic show w/e now", 2, "vnic w/e: \"now\" is one word too many" },
	{ "profile unbind web1 now", 2, "profile web1: \"now\" is one word too many" },
	{ "profile bind web1", 2, "profile web1: server SERVER is missing" },
	{ "profile bind web1 server", 2, "profile web1: server needs a name" },
	{ "profile bind web1 server s1 now", 2, "profile web1: \"now\" is one word too many" },
	/* not yet */
	{ "acl", 3, "acl: not yet" },
	{ "acl rule web add 10 permit", 3, "acl: not yet" },
	{ "gid show", 3, "gid: not yet" },
	{ "pool reserve p", 2, "pool p: reserve needs a value, one of the pool's" },
	{ "pool reserve p x", 2,
	  "pool p: value \"x\" is not a MAC address or a port or node name of 16 hexadecimal "
	  "digits" },
	{ "pool release p 02:00:00:00:00:01 now", 2, "pool p: \"now\" is one word too many" },
	{ "pool release", 2, "pool: release needs the name of a pool" },
	{ "pool add p type mac from 02:00:00:00:00:01", 2, "pool p: to IDENTITY is missing" },
	{ "vhba add w/h san x transport srp", 3, "vhba w/h: transport srp: not yet" },
	{ "san add x type fc", 3, "san x: type fc: not yet" },
	{ "portal add x address 10.0.0.1 segment s", 3, "portal x: segment: not yet" },
	{ "portal add x address ten", 2, "portal x: address \"ten\" is not an address" },
	{ "portal add x", 2, "portal x: address IP[:PORT] is missing" },
	{ "vhba add w/h san x wwpn 12", 2, "vhba w/h: wwpn \"12\" is not a port or node name" },
	{ "vhba add w/h san x chap u secret-file a secret-file b", 2,
	  "vhba w/h: secret-file is given twice" },
	{ "vhba add w/h san x luns 0", 2, "vhba w/h: no word \"luns\"" },
	{ "vhba map w/h", 2, "vhba w/h: lun N is missing" },
	{ "vhba map w/h lun 0", 2, "vhba w/h: volume VOLUME is missing" },
	{ "vhba map w/h lun x volume p/v", 2, "vhba w/h: lun \"x\" is not a number" },
	{ "vhba map w/h lun 0 volume p/v rw", 2,
	  "vhba w/h: no word \"rw\"; there are: lun, volume" },
	{ "vhba unmap w/h", 2, "vhba w/h: lun N is missing" },
	{ "vhba unmap w/h lun 0 volume p/v", 2, "vhba w/h: no word \"volume\"" },
	{ "volume add v size 1g", 2, "volume: \"v\" is no name of a volume: that is SAN/NAME" },
	{ "volume clone p/v", 2, "volume p/v: clone needs the name of the copy" },
	{ "volume clone p/v a/b/c", 2, "volume p/v: \"a/b/c\" is no name" },
	{ "volume snapshot p/v new now", 2, "volume p/v: \"now\" is one word too many" },
	{ "volume add p/v size much", 2, "volume p/v: size \"much\" is not a size" },
	{ "server enroll", 2, "server: enroll needs the name of a server" },
	{ "server enroll s1 now", 2, "server s1: \"now\" is one word too many" },
	{ "vnic add w/e segment lan acl web", 3, "vnic w/e: acl: not yet" },
	{ "vnic add w/e segment lan kind tap", 3, "vnic w/e: kind tap: not yet" },
	{ "port add help dev eth0 role uplink", 2,
	  "port: \"help\" is the word for help and no name of a port here" },
	{ "profile bind help server s1", 2, "profile: \"help\" is the word for help" },
	{ "vnic set w/e weight heavy", 2, "vnic w/e: weight \"heavy\" is not a number" },
	{ "vnic set w/e acl ''", 3, "vnic w/e: acl: not yet" },
	{ "rdma ping 10.0.0.1", 3, "rdma: not yet" },
	{ "capture web1/eth0 -w file", 3, "capture: not yet" },
	{ "trace web1/eth0", 3, "trace: not yet" },
	/* what is not understood goes before what is not yet, wherever it stands */
	{ "vnic add w/e acl web segment lan bogus 1", 2, "vnic w/e: no word \"bogus\"" },
	{ "vnic add w/e kind tap", 2, "vnic w/e: segment SEGMENT is missing" },
	{ "acl frobnicate", 2, "acl: no command \"frobnicate\"" },
	/* commands */
	{ "apply", 2, "apply: -f FILE is missing" },
	{ "apply -f", 2, "apply: -f needs FILE" },
	{ "apply -f x --confirm", 2, "apply: --confirm needs TIME" },
	{ "apply -f x --confirm soon", 2, "apply: --confirm soon is not a time, as 60s" },
	{ "apply -f x --confirm 000000000000000000000000000000060s", 2,
	  "apply: --confirm 000000000000000000000000000000060s is not a time" },
	{ "apply --confirm 60s", 2, "apply: -f FILE is missing" },
	{ "apply --confirmed -f x", 2, "apply: --confirmed stands alone, without -f" },
	{ "apply --confirmed --prune", 2, "apply: --confirmed stands alone, without --prune" },
	{ "apply file", 2, "apply: no word \"file\"; there are: -f, --dry-run" },
	{ "apply -f x --dryrun", 2, "apply: no word \"--dryrun\"; did you mean --dry-run?" },
	{ "diff --dry-run -f x", 2, "diff: no word \"--dry-run\"" },
	{ "export now", 2, "export: \"now\" is one word too many" },
	{ "top -n 0", 2, "top: -n 0 is no number from 1" },
	{ "top -n x", 2, "top: -n x is no number from 1" },
	{ "doctor dev", 2, "doctor: dev needs IFNAME" },
	{ "version now", 2, "version: \"now\" is one word too many" },
	{ "help frob", 2, "no object or command \"frob\"" },
	{ "help vnic frob", 2, "vnic: no command \"frob\"" },
};

Test(cli_parse, refusals)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *want = &refusals[i];
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		struct raceway_cli cli;
		struct line line;
		char text[512];
		int r;

		line_split(&line, want->line);
		r = raceway_cli_parse(line.argc, line.argv, &cli, &err);
		cr_expect_lt(r, 0, "%s: taken", want->line);
		cr_expect_eq(raceway_error_exit_status(err.fault), want->status, "%s: status %d",
			     want->line, raceway_error_exit_status(err.fault));
		raceway_error_format(&err, text, sizeof(text));
		cr_expect_eq(strncmp(text, want->message, strlen(want->message)), 0, "%s: %s",
			     want->line, text);
		raceway_cli_clear(&cli);
	}
}

static void parse(struct raceway_cli *cli, struct line *line, const char *text)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	line_split(line, text);
	cr_assert_eq(raceway_cli_parse(line->argc, line->argv, cli, &err), 0, "%s: %s", text,
		     err.message);
}

Test(cli_parse, error_names_object_and_field)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_cli cli;
	struct line line;

	line_split(&line, "-j segment add lan vlan x");
	cr_assert_lt(raceway_cli_parse(line.argc, line.argv, &cli, &err), 0);
	cr_expect_str_eq(err.object, "segment lan");
	cr_expect_str_eq(err.field, "vlan");
	cr_expect(cli.options.json, "-j is known although the rest failed");
	raceway_cli_clear(&cli);
}

Test(cli_parse, options_before_and_after)
{
	struct raceway_cli cli;
	struct line line;

	parse(&cli, &line, "-jp --socket /a/b vnic show");
	cr_expect(cli.options.json && cli.options.pretty && !cli.options.statistics);
	cr_expect_str_eq(cli.options.socket, "/a/b");
	raceway_cli_clear(&cli);
	parse(&cli, &line, "vnic show --json -p --statistics --socket=/c");
	cr_expect(cli.options.json && cli.options.pretty && cli.options.statistics);
	cr_expect_str_eq(cli.options.socket, "/c");
	raceway_cli_clear(&cli);
}

Test(cli_parse, commands)
{
	struct raceway_cli cli;
	struct line line;

	parse(&cli, &line, "apply -f - --dry --pr --exit -j");
	cr_expect_eq(cli.action, RACEWAY_DO_APPLY);
	cr_expect_str_eq(cli.file, "-");
	cr_expect(cli.dry_run && cli.prune && cli.exit_code && cli.options.json);
	parse(&cli, &line, "diff -f x");
	cr_expect_eq(cli.action, RACEWAY_DO_DIFF);
	cr_expect(!cli.dry_run && !cli.prune && !cli.exit_code);
	parse(&cli, &line, "top -n 3");
	cr_expect_eq(cli.action, RACEWAY_DO_TOP);
	cr_expect_eq(cli.count, 3);
	parse(&cli, &line, "mon dr");
	cr_expect_eq(cli.action, RACEWAY_DO_MONITOR);
	cr_expect(cli.drops);
	parse(&cli, &line, "doctor dev eth0");
	cr_expect_str_eq(cli.dev, "eth0");
	parse(&cli, &line, "show");
	cr_expect_eq(cli.action, RACEWAY_DO_TREE);
	parse(&cli, &line, "-V");
	cr_expect_eq(cli.action, RACEWAY_DO_VERSION);
}

struct help_case {
	char line[48];
	char kind[12];
	char verb[12];
	char command[12];
};

Test(cli_parse, help_everywhere)
{
	static const struct help_case cases[] = {
		{ "", "", "", "" },
		{ "help", "", "", "" },
		{ "--help", "", "", "" },
		{ "vnic help", "vnic", "", "" },
		{ "vnic -h", "vnic", "", "" },
		{ "vnic add help", "vnic", "add", "" },
		{ "vnic add w/e help", "vnic", "add", "" },
		{ "vnic set w/e tx-pir 1gbit help", "vnic", "set", "" },
		{ "acl help", "acl", "", "" },
		{ "profile bind help", "profile", "bind", "" },
		{ "help vnic", "vnic", "", "" },
		{ "help vnic add", "vnic", "add", "" },
		{ "help apply", "", "", "apply" },
		{ "apply help", "", "", "apply" },
		{ "rdma help", "", "", "rdma" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raceway_cli cli;
		struct line line;

		parse(&cli, &line, cases[i].line);
		cr_expect_eq(cli.action, RACEWAY_DO_HELP, "%s", cases[i].line);
		cr_expect_str_eq(cli.kind ? cli.kind->name : "", cases[i].kind, "%s",
				 cases[i].line);
		cr_expect_str_eq(cli.verb ? cli.verb->word : "", cases[i].verb, "%s",
				 cases[i].line);
		cr_expect_str_eq(cli.command ? cli.command->word : "", cases[i].command, "%s",
				 cases[i].line);
		raceway_cli_clear(&cli);
	}
}
