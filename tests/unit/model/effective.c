/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/effective.c: defaults filled in, bursts from rates, rates from links. */
#include <raceway/limits.h>
#include <string.h>

#include "helpers.h"

#define LEAST RACEWAY_BURST_MIN_BYTES

Test(effective, defaults)
{
	const struct raceway_kind *vnic = raceway_kind_find("vnic"),
				  *port = raceway_kind_find("port");
	json_auto_t *empty = json_object();
	json_auto_t *given = json_pack("{s:i,s:b,s:b,s:s}", "mtu", 9000, "spoofcheck", 0, "trunk",
				       1, "state", "down");

	cr_expect_eq(raceway_model_u64(vnic, empty, "mtu"), 1500);
	cr_expect_eq(raceway_model_u64(vnic, empty, "class"), 0);
	cr_expect_eq(raceway_model_u64(vnic, empty, "tx-pir"), 0);
	cr_expect(raceway_model_bool(vnic, empty, "spoofcheck"));
	cr_expect_not(raceway_model_bool(vnic, empty, "trunk"));
	cr_expect_str_eq(raceway_model_text(vnic, empty, "state"), "up");
	cr_expect_str_eq(raceway_model_text(vnic, empty, "kind"), "veth");
	cr_expect_null(raceway_model_text(vnic, empty, "netns"));
	cr_expect_str_eq(raceway_model_text(port, empty, "mode"), "native");
	cr_expect_str_eq(raceway_model_text(port, empty, "attach"), "link");
	cr_expect_null(raceway_model_text(port, empty, "host"), "the daemon's role decides");
	cr_expect_str_eq(raceway_model_text(raceway_kind_find("segment"), empty, "switching"),
			 "veb");
	cr_expect_eq(raceway_model_u64(vnic, given, "mtu"), 9000);
	cr_expect_not(raceway_model_bool(vnic, given, "spoofcheck"));
	cr_expect(raceway_model_bool(vnic, given, "trunk"));
	cr_expect_str_eq(raceway_model_text(vnic, given, "state"), "down");
}

/* What the rate gives: RACEWAY_BURST_MS of it. */
static uint64_t share(uint64_t bps)
{
	return bps / 8 * RACEWAY_BURST_MS / 1000;
}

Test(effective, bursts)
{
	const struct {
		uint64_t cir, pir, cbs, pbs; /* given, 0 absent */
		uint64_t want_cbs, want_pbs;
	} cases[] = {
		{ 0, 0, 0, 0, 0, 0 },
		{ 1000000, 0, 0, 0, LEAST, 0 },
		{ 10000000000, 0, 0, 0, share(10000000000), 0 },
		{ 0, 1000000, 0, 0, 0, LEAST },
		{ 0, 10000000000, 0, 0, 0, share(10000000000) },
		/* room for the excess, none without one */
		{ 1000000, 1000001, 0, 0, LEAST, LEAST + LEAST },
		{ 1000000, 1000000, 0, 0, LEAST, LEAST },
		/* a given burst rules the other's default */
		{ 1000000, 2000000, 0, 10000, 5000, 10000 },
		/* a frame for the guarantee, two for what is above it */
		{ 1000000, 100000000, 0, 10000, 1518, 10000 },
		{ 99000000, 100000000, 0, 10000, 10000 - 2 * 1518, 10000 },
		{ 1000000, 1000000, 0, 10000, 10000, 10000 },
		{ 1000000, 2000000, 5000, 0, 5000, share(2000000) },
		{ 1000000, 1000000, 500000, 0, 500000, 500000 },
		{ 1000000, 2000000, 5000, 9000, 5000, 9000 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int rx = 0; rx < 2; rx++) {
			static const char *const keys[2][4] = {
				{ "tx_cir", "tx_pir", "tx_cbs", "tx_pbs" },
				{ "rx_cir", "rx_pir", "rx_cbs", "rx_pbs" },
			};
			uint64_t values[] = { cases[i].cir, cases[i].pir, cases[i].cbs,
					      cases[i].pbs };
			json_auto_t *doc = json_object();

			for (int k = 0; k < 4; k++) {
				if (values[k])
					json_object_set_new(doc, keys[rx][k],
							    json_integer((json_int_t)values[k]));
			}
			cr_expect_eq(raceway_model_burst(doc, rx ? "rx-cbs" : "tx-cbs"),
				     cases[i].want_cbs, "case %zu rx %d", i, rx);
			cr_expect_eq(raceway_model_burst(doc, rx ? "rx-pbs" : "tx-pbs"),
				     cases[i].want_pbs, "case %zu rx %d", i, rx);
			cr_expect_eq(raceway_model_burst(doc, rx ? "tx-pbs" : "rx-pbs"), 0);
		}
	}
}

Test(effective, port_rate)
{
	json_auto_t *known = json_pack("{s:s}", "dev", "eth0");
	json_auto_t *unknown = json_pack("{s:s}", "dev", "eth2");
	json_auto_t *given = json_pack("{s:s,s:I}", "dev", "eth0", "rate", (json_int_t)1000);
	static const struct raceway_world nothing;

	cr_expect_eq(raceway_model_port_rate(known, &raceway_test_world), 9800000000);
	cr_expect_eq(raceway_model_port_rate(unknown, &raceway_test_world), 0);
	cr_expect_eq(raceway_model_port_rate(given, &raceway_test_world), 1000);
	cr_expect_eq(raceway_model_port_rate(given, NULL), 1000);
	cr_expect_eq(raceway_model_port_rate(known, NULL), 0);
	cr_expect_eq(raceway_model_port_rate(known, &nothing), 0);
}
