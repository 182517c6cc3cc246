/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The client against a daemon of set answers: what is sent, what is printed, the exit status. */
#include "cli/run.h"

#include <criterion/criterion.h>

#include "fake.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct ran ran;

static const struct fake_answer changes[] = {
	{ "POST /v1/ports", 201, "{\"name\":\"up0\"}", NULL },
	{ "PATCH /v1/vnics/web1/eth0", 409,
	  "{\"error\":{\"object\":\"vnic web1/eth0\",\"field\":\"rx-cir\","
	  "\"message\":\"rx-cir 2gbit is above rx-pir 1gbit\",\"fault\":\"invalid\"}}",
	  NULL },
	{ "DELETE /v1/segments/lan", 204, "", NULL },
	{ "DELETE /v1/segments/x", 404,
	  "{\"error\":{\"object\":\"segment x\",\"field\":\"\",\"message\":\"there is none\"}}",
	  NULL },
	{ "POST /v1/segments", 400,
	  "{\"error\":{\"object\":\"segment s\",\"field\":\"vlan\",\"message\":\"no\"}}", NULL },
	{ "PATCH /v1/ports/up0", 501,
	  "{\"error\":{\"object\":\"port up0\",\"field\":\"mode\",\"message\":\"no native XDP\"}}",
	  NULL },
	{ "POST /v1/vnics", 403,
	  "{\"error\":{\"object\":\"vnic w/e\",\"field\":\"\",\"message\":\"not yours\"}}", NULL },
	{ "DELETE /v1/ports/a", 500, "", NULL },
	{ "DELETE /v1/ports/b", 500, "<html>\033[31moops", "text/html" },
	{ "DELETE /v1/ports/c", 200, "<html>oops", "text/html" },
	{ "POST /v1/profiles", 201,
	  "{\"name\":\"p\",\"warnings\":[\"the veth's other end\\u001b[31m drops\"]}", NULL },
};

static void expect(const char *line, int status, const char *out, const char *err)
{
	ran_client(&ran, line, NULL);
	cr_expect_eq(ran.status, status, "%s: status %d", line, ran.status);
	cr_expect_str_eq(ran.out, out, "%s: out: %s", line, ran.out);
	cr_expect_str_eq(ran.err, err, "%s: err: %s", line, ran.err);
}

Test(cli_run, changes_and_their_refusal)
{
	fake_start(changes, COUNT(changes));
	expect("port add up0 dev eth0 role uplink", 0, "", "");
	cr_expect_str_eq(fake_log(), "POST /v1/ports {\"name\":\"up0\",\"dev\":\"eth0\","
				     "\"role\":\"uplink\"}\n");
	expect("vnic set web1/eth0 rx-cir 2gbit", 1, "",
	       "raceway: vnic web1/eth0: rx-cir 2gbit is above rx-pir 1gbit\n");
	expect("segment del lan", 0, "", "");
	expect("segment del x", 1, "", "raceway: segment x: there is none\n");
	expect("segment add s", 1, "", "raceway: segment s: no\n");
	expect("port set up0 mode native", 3, "", "raceway: port up0: no native XDP\n");
	expect("vnic add w/e segment s", 1, "", "raceway: vnic w/e: not yours\n");
	expect("port del a", 1, "", "raceway: the daemon answered with status 500 and no reason\n");
	expect("port del b", 1, "", "raceway: the daemon answered with status 500 and no reason\n");
	ran_client(&ran, "port del c", NULL);
	cr_expect_eq(ran.status, 1, "an answer that is no JSON is no success");
	expect("profile add p", 0, "",
	       "raceway: profile p: warning: the veth's other end?[31m drops\n");
	fake_stop();
}

Test(cli_run, errors_in_json)
{
	fake_start(changes, COUNT(changes));
	expect("-j vnic set web1/eth0 rx-cir 2gbit", 1,
	       "{\"error\": {\"object\": \"vnic web1/eth0\", \"field\": \"rx-cir\", \"message\": "
	       "\"rx-cir 2gbit is above rx-pir 1gbit\"}}\n",
	       "raceway: vnic web1/eth0: rx-cir 2gbit is above rx-pir 1gbit\n");
	fake_stop();
}

Test(cli_run, nothing_is_sent_for_what_is_not_understood_or_not_yet)
{
	fake_start(changes, COUNT(changes));
	ran_client(&ran, "-j segment add s vlan x", NULL);
	cr_expect_eq(ran.status, 2);
	cr_expect_not_null(strstr(ran.out, "\"object\": \"segment s\", \"field\": \"vlan\""), "%s",
			   ran.out);
	ran_client(&ran, "vnic add w/e segment s acl web", NULL);
	cr_expect_eq(ran.status, 3);
	cr_expect_str_eq(fake_log(), "");
	fake_stop();
}

Test(cli_run, no_daemon)
{
	setenv("RACEWAY_SOCKET", "/nonexistent/x.sock", 1);
	expect("vnic", 1, "",
	       "raceway: racewayd does not answer at /nonexistent/x.sock: "
	       "No such file or directory\n");
	expect("--socket /nonexistent/y.sock vnic", 1, "",
	       "raceway: racewayd does not answer at /nonexistent/y.sock: "
	       "No such file or directory\n");
	expect("version", 0, "raceway 0.1.0, map layout 2\n", "");
	ran_client(&ran, "help", NULL);
	cr_expect_eq(ran.status, 0);
	expect("--complete vnic del ''", 0, "", "");
}

static const struct fake_answer lists[] = {
	{ "GET /v1/vnics/web1/eth0?stats=1", 200,
	  "{\"schema\":1,\"vnics\":[{\"name\":\"web1/eth0\",\"segment\":\"lan\",\"oper\":\"up\","
	  "\"new\":7,\"tx\":{\"pir\":1000000000,\"enforced_by\":\"bpf\",\"packets\":12,\"bytes\":"
	  "1200,"
	  "\"rate\":9876,\"green\":{\"packets\":9},\"yellow\":{\"packets\":3},"
	  "\"red\":{\"packets\":2},\"marked\":{\"packets\":0},\"drops\":{\"rate\":2,\"spoof\":0}},"
	  "\"rx\":{\"packets\":0,\"bytes\":0,\"rate\":0,\"drops\":{}}}]}",
	  NULL },
	{ "GET /v1/vnics", 200,
	  "{\"schema\":1,\"vnics\":[{\"name\":\"web1/eth0\",\"segment\":\"lan\","
	  "\"mac\":\"02:00:00:00:00:01\",\"mtu\":1500,\"location\":\"local\",\"admin\":\"up\","
	  "\"oper\":\"up\",\"tx\":{\"cir\":0,\"pir\":2000000000},\"rx\":{\"cir\":0}}]}",
	  NULL },
	{ "GET /v1/segments", 200, "{\"schema\":1,\"segments\":[]}", NULL },
	{ "GET /v1/segments/lan", 200, "{\"name\":\"lan\",\"number\":10,\"vlan\":null}", NULL },
	{ "GET /v1/ports", 200, "[]", NULL },
};

Test(cli_run, show)
{
	fake_start(lists, COUNT(lists));
	expect("vnic", 0,
	       "NAME       SEGMENT  MAC                 MTU  LOCATION  TX-CIR  TX-PIR  RX-CIR  "
	       "RX-PIR  ADMIN  OPER\n"
	       "web1/eth0  lan      02:00:00:00:00:01  1500  local       0bit   2gbit    0bit  "
	       "     -  up     up\n",
	       "");
	expect("-s vnic show web1/eth0", 0,
	       "vnic web1/eth0\n"
	       "    segment            lan\n"
	       "    tx-pir             1gbit\n"
	       "    tx enforced by     bpf\n"
	       "    oper               up\n"
	       "    new                7\n"
	       "NAME       DIR      RATE  PACKETS  BYTES  GREEN  YELLOW  RED  MARKED  DROPS\n"
	       "web1/eth0  tx   9.88kbit       12   1200      9       3    2       0  rate 2\n"
	       "web1/eth0  rx       0bit        0      0      -       -    -       -  -\n",
	       "");
	expect("segment", 0, "", "");
	expect("-j segment", 0, "{\"schema\": 1, \"segments\": []}\n", "");
	expect("-j segment show lan", 0,
	       "{\"schema\": 1, \"segments\": [{\"name\": \"lan\", \"number\": 10, \"vlan\": "
	       "null}]}\n",
	       "");
	expect("port", 1, "", "raceway: the daemon's answer holds no ports\n");
	fake_stop();
}

static const struct fake_answer tree[] = {
	{ "GET /v1/ports", 200,
	  "{\"schema\":1,\"ports\":[{\"name\":\"up0\",\"dev\":\"eth0\",\"role\":\"uplink\","
	  "\"rate\":10000000000,\"oper\":\"up\"}]}",
	  NULL },
	{ "GET /v1/segments", 200,
	  "{\"schema\":1,\"segments\":[{\"name\":\"lan\",\"number\":1,\"uplink\":\"up0\",\"vlan\":"
	  "20},"
	  "{\"name\":\"pvi\",\"number\":2}]}",
	  NULL },
	{ "GET /v1/servers", 200, "{\"schema\":1,\"servers\":[{\"name\":\"local\"}]}", NULL },
	{ "GET /v1/profiles", 200,
	  "{\"schema\":1,\"profiles\":[{\"name\":\"web\",\"server\":\"local\"},{\"name\":\"web1\"}]"
	  "}",
	  NULL },
	{ "GET /v1/vnics", 200,
	  "{\"schema\":1,\"vnics\":[{\"name\":\"web/eth0\",\"segment\":\"lan\"},"
	  "{\"name\":\"web1/eth0\",\"segment\":\"pvi\"}]}",
	  NULL },
	{ "GET /v1/sans", 200,
	  "{\"schema\":1,\"sans\":[{\"name\":\"p\",\"type\":\"pool\",\"path\":\"/srv/p\",\"oper\":"
	  "\"up\"}]}",
	  NULL },
	{ "GET /v1/volumes", 200,
	  "{\"schema\":1,\"volumes\":[{\"name\":\"p/v\",\"size\":1048576},{\"name\":\"p2/x\"}]}",
	  NULL },
	{ "GET /v1/portals", 200,
	  "{\"schema\":1,\"portals\":[{\"name\":\"a\",\"address\":\"10.0.0.1:3260\"}]}", NULL },
	{ "GET /v1/vhbas", 200,
	  "{\"schema\":1,\"vhbas\":[{\"name\":\"web/"
	  "h0\",\"san\":\"p\",\"auth\":\"none\",\"luns\":[{"
	  "\"lun\":0,\"volume\":\"p/v\",\"ro\":true}]}]}",
	  NULL },
	{ "GET /v1/pools", 200,
	  "{\"schema\":1,\"pools\":[{\"name\":\"m\",\"type\":\"mac\",\"from\":\"02:00:00:00:00:"
	  "01\",\"to\":\"02:00:00:00:00:09\",\"size\":9,\"used\":2,\"reserved\":1,\"free\":6}]}",
	  NULL },
	{ "GET /v1/templates", 200,
	  "{\"schema\":1,\"templates\":[{\"name\":\"t\",\"updating\":true,\"initial\":false,"
	  "\"vnics\":[\"t/eth0\",\"t/eth1\"],\"vhbas\":[],\"profiles\":[\"web\"]}]}",
	  NULL },
	{ "GET /v1/confirm", 200, "{\"schema\":1,\"confirm\":null}", NULL },
	{ "GET /v1/confirm", 200,
	  "{\"schema\":1,\"confirm\":{\"left\":43900000000,\"changes\":[{},{}]}}", NULL },
};

Test(cli_run, tree)
{
	fake_start(tree, COUNT(tree));
	expect("show", 0,
	       "port up0 dev eth0 uplink rate 10gbit up\n"
	       "    segment lan number 1 vlan 20\n"
	       "segment pvi number 2\n"
	       "pool m mac from 02:00:00:00:00:01 to 02:00:00:00:00:09 free 6\n"
	       "san p pool path /srv/p up\n"
	       "    volume p/v size 1m\n"
	       "portal a 10.0.0.1:3260\n"
	       "server local\n"
	       "    profile web\n"
	       "        vnic web/eth0 segment lan\n"
	       "        vhba web/h0 san p auth none luns 0 p/v ro\n"
	       "not bound\n"
	       "    profile web1\n"
	       "        vnic web1/eth0 segment pvi\n"
	       "template t updating on vnics t/eth0, t/eth1 vhbas - profiles web\n",
	       "");
	ran_client(&ran, "show", NULL);
	cr_expect_not_null(strstr(ran.out, "\nnot confirmed: 2 changes are rolled back in 43 s, to "
					   "keep them: raceway apply --confirmed\n"));
	fake_stop();
}

static const struct fake_answer vhbas[] = {
	{ "GET /v1/vhbas?stats=1", 200,
	  "{\"schema\":1,\"vhbas\":[{\"name\":\"w/"
	  "h\",\"queue_depth\":3,\"read\":{\"ios\":7,\"bytes\":"
	  "28672,\"latency\":{\"p50\":100000,\"p99\":2000000,\"p999\":3000000}},\"write\":{\"ios\":"
	  "1,"
	  "\"bytes\":512,\"latency\":{\"p50\":1,\"p99\":2,\"p999\":null}}}]}",
	  NULL },
};

Test(cli_run, statistics_of_vhbas)
{
	fake_start(vhbas, COUNT(vhbas));
	expect("-s vhba", 0,
	       "NAME  OP     IOS  BYTES    P50     P99    P999  DEPTH\n"
	       "w/h   read     7  28672  100us  2.00ms  3.00ms      3\n"
	       "w/h   write    1    512    1ns     2ns       -      3\n",
	       "");
	fake_stop();
}

static const struct fake_answer documents[] = {
	{ "POST /v1/apply", 200,
	  "{\"schema\":1,\"changes\":[{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\"}]}",
	  NULL },
	{ "POST /v1/apply?dry_run=1", 200, "{\"schema\":1,\"changes\":[]}", NULL },
	{ "POST /v1/apply?dry_run=1&prune=1", 200,
	  "{\"schema\":1,\"changes\":[{\"op\":\"del\",\"kind\":\"segment\",\"name\":\"old\"},"
	  "{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\"}]}",
	  NULL },
	{ "POST /v1/apply?prune=1", 200,
	  "{\"schema\":1,\"changes\":[{\"op\":\"del\",\"kind\":\"segment\",\"name\":\"old\"},"
	  "{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\"}]}",
	  NULL },
	{ "POST /v1/apply?confirm=60s", 200,
	  "{\"schema\":1,\"changes\":[{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\"}]}",
	  NULL },
	{ "POST /v1/apply?dry_run=1&confirm=60s", 200,
	  "{\"schema\":1,\"changes\":[{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\"}]}",
	  NULL },
	{ "POST /v1/apply?confirm=9s", 200, "{\"schema\":1,\"changes\":[]}", NULL },
	{ "POST /v1/confirm", 200, "{\"schema\":1,\"confirm\":null}", NULL },
	{ "POST /v1/confirm", 409,
	  "{\"error\":{\"object\":\"\",\"field\":\"\",\"message\":\"nothing waits\"}}", NULL },
	{ "POST /v1/diff", 200,
	  "{\"schema\":1,\"changes\":[{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\"}]}",
	  NULL },
	{ "POST /v1/diff?prune=1", 409,
	  "{\"error\":{\"object\":\"segment lan\",\"field\":\"vlan\",\"message\":\"no\"}}", NULL },
	{ "GET /v1/export", 200, "{\"schema\":1,\"segments\":[]}", NULL },
};
static const char document[] = "{\"schema\": 1, \"segments\": [{\"name\": \"lan\"}]}";

static void expect_document(const char *line, int status, const char *out, const char *err)
{
	ran_client(&ran, line, document);
	cr_expect_eq(ran.status, status, "%s: status %d", line, ran.status);
	cr_expect_str_eq(ran.out, out, "%s: out: %s", line, ran.out);
	cr_expect_str_eq(ran.err, err, "%s: err: %s", line, ran.err);
}

Test(cli_run, apply_and_diff)
{
	fake_start(documents, COUNT(documents));
	expect_document("apply -f -", 0, "+ segment lan\n", "");
	cr_expect_str_eq(fake_log(),
			 "POST /v1/apply {\"schema\":1,\"segments\":[{\"name\":\"lan\"}]}\n");
	expect_document("apply -f - --dry-run", 0, "", "");
	expect_document("apply -f - --dry-run --exit-code", 0, "", "");
	expect_document("apply -f - --dry-run --prune --exit-code", 1,
			"- segment old\n+ segment lan\n", "");
	expect_document("diff -f -", 0, "+ segment lan\n", "");
	expect_document("diff -f - --exit-code", 1, "+ segment lan\n", "");
	expect_document("diff -f - --prune", 1, "", "raceway: segment lan: no\n");
	expect_document("-j diff -f -", 0,
			"{\"schema\": 1, \"changes\": [{\"op\": \"add\", \"kind\": \"segment\", "
			"\"name\": \"lan\"}]}\n",
			"");
	fake_stop();
}

Test(cli_run, apply_for_a_time)
{
	fake_start(documents, COUNT(documents));
	expect_document("apply -f - --confirm 60s", 0, "+ segment lan\n",
			"raceway: rolled back after 60s unless confirmed: raceway apply "
			"--confirmed\n");
	expect_document("apply -f - --dry-run --confirm 60s", 0, "+ segment lan\n", "");
	expect_document("apply -f - --confirm 9s", 0, "", "");
	expect("apply --confirmed", 0, "", "");
	expect("apply --confirmed", 1, "", "raceway: nothing waits\n");
	fake_stop();
}

Test(cli_run, prune_asks_first_and_says_what_goes)
{
	fake_start(documents, COUNT(documents));
	expect_document("apply -f - --prune", 0, "- segment old\n+ segment lan\n", "");
	cr_expect_eq(strncmp(fake_log(), "POST /v1/apply?dry_run=1&prune=1 ", 33), 0);
	cr_expect_not_null(strstr(fake_log(), "\nPOST /v1/apply?prune=1 "));
	fake_stop();
}

#define NOT_A_MAP(what)                                                                            \
	"raceway: standard input: it holds " what                                                  \
	" where a document must be: schema: 1, and lists as ports, segments, profiles (see "       \
	"raceway export)\n"

static void expect_document_of(const char *line, const char *input, const char *error)
{
	ran_client(&ran, line, input);
	cr_expect_eq(ran.status, 1, "%s: status %d", line, ran.status);
	cr_expect_str_eq(ran.err, error);
}

Test(cli_run, document_that_is_none)
{
	fake_start(documents, COUNT(documents));
	ran_client(&ran, "apply -f -", "a: [1, 2");
	cr_expect_eq(ran.status, 2, "status %d: %s", ran.status, ran.err);
	expect_document_of("apply -f -", "[{name: lan}]", NOT_A_MAP("a list"));
	expect_document_of("diff -f -", "lan", NOT_A_MAP("a single value"));
	expect("apply -f /nonexistent", 1, "",
	       "raceway: /nonexistent: No such file or directory\n");
	cr_expect_str_eq(fake_log(), "");
	fake_stop();
}

Test(cli_run, export)
{
	fake_start(documents, COUNT(documents));
	expect("export", 0, "schema: 1\nsegments: []\n", "");
	expect("-j export", 0, "{\"schema\": 1, \"segments\": []}\n", "");
	fake_stop();
}

static const struct fake_answer live[] = {
	{ "GET /v1/vnics?stats=1", 200,
	  "{\"schema\":1,\"vnics\":[{\"name\":\"a/x\",\"tx\":{\"packets\":0,\"bytes\":0}}]}",
	  NULL },
	{ "GET /v1/vnics?stats=1", 200,
	  "{\"schema\":1,\"vnics\":[{\"name\":\"a/x\",\"tx\":{\"packets\":0,\"bytes\":0}}]}",
	  NULL },
	{ "GET /v1/vhbas?stats=1", 200,
	  "{\"schema\":1,\"vhbas\":[{\"name\":\"a/h\",\"queue_depth\":2,\"read\":{\"ios\":5}}]}",
	  NULL },
	{ "GET /v1/events", 200,
	  ": hello\n\nevent: drop\ndata: {\"vnic\":\"a/x\",\"reason\":\"rate\"}\n\n"
	  "event: object\ndata: "
	  "{\"op\":\"del\",\"kind\":\"segment\",\"name\":\"lan\",\"time\":1}\n\n"
	  "event: port\r\ndata: {\"name\":\"up0\",\"oper\":\"up\"}\r\n\r\ndata: {\"cut\":1}",
	  "text/event-stream" },
	{ "GET /v1/events?only=drops", 200,
	  "event: port\ndata: {\"name\":\"up0\"}\n\nevent: drop\ndata: "
	  "{\"vnic\":\"a/x\"}\n\nevent: lost\ndata: {}\n\n",
	  "text/event-stream" },
	{ "GET /v1/doctor?dev=eth9", 200,
	  "{\"schema\":1,\"checks\":[{\"name\":\"xdp\",\"result\":\"fail\",\"message\":\"generic\","
	  "\"fix\":\"ethtool x\"}]}",
	  NULL },
};

Test(cli_run, top)
{
	fake_start(live, COUNT(live));
	expect("top -n 1", 0,
	       "NAME    TX  TX-PPS  TX-DROPS    RX  RX-PPS  RX-DROPS\n"
	       "a/x   0bit       0         0  0bit       0         0\n"
	       "NAME  READ  READ-IOPS  WRITE  WRITE-IOPS  DEPTH\n"
	       "a/h   0bit          0   0bit           0      2\n",
	       "");
	fake_stop();
}

Test(cli_run, monitor)
{
	static const char gone[] = "raceway: racewayd closed the connection\n";
	static const char lines[] = "{\"vnic\": \"a/x\", \"event\": \"drop\"}\n"
				    "{\"event\": \"lost\"}\n{\"error\"";
	static const char first[] = " drop vnic a/x reason rate\n";

	fake_start(live, COUNT(live));
	ran_client(&ran, "monitor", NULL);
	cr_expect_eq(ran.status, 1);
	cr_expect_str_eq(ran.err, gone);
	cr_expect_not_null(strstr(ran.out, first), "%s", ran.out);
	cr_expect_not_null(strstr(ran.out, " port name up0 oper up\n"), "%s", ran.out);
	cr_expect_not_null(strstr(ran.out, ".000 object - segment lan\n"), "%s", ran.out);
	cr_expect_null(strstr(ran.out, "cut"), "an event without its end is none");
	ran_client(&ran, "-j monitor drops", NULL);
	cr_expect_eq(strncmp(ran.out, lines, strlen(lines)), 0, "%s", ran.out);
	fake_stop();
}

Test(cli_run, doctor)
{
	fake_start(live, COUNT(live));
	expect("doctor dev eth9", 0, "fail   xdp: generic\n       ethtool x\n", "");
	fake_stop();
}

Test(cli_run, completion_asks_for_names)
{
	fake_start(lists, COUNT(lists));
	expect("--complete vnic del w", 0, "web1/eth0\n", "");
	expect("--complete vnic del x", 0, "", "");
	fake_stop();
}
