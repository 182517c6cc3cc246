// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* raceway-loader: loads, attaches, upgrades, detaches and lists the data path without the
 * daemon, for boot, rescue and tests. */
#include <bpf/bpf.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/config_file.h"
#include "loader/dp.h"
#include "loader/links.h"
#include "loader/show.h"

static const char usage_text[] =
	"Usage: raceway-loader COMMAND --pin-dir DIR [--maps FILE] [dev IFNAME] [role ROLE]\n"
	"\n"
	"  attach    load what is not loaded, fill the tables from FILE, attach\n"
	"            one port (dev, role) or every port and vNIC of FILE\n"
	"  detach    detach one port and put its settings back, or everything\n"
	"  upgrade   put this build's programs on all attached interfaces\n"
	"  show      ports, vNICs and their counters, as JSON\n"
	"\n"
	"  --pin-dir DIR     on a bpffs; pins are DIR/v1/{maps,progs,links}\n"
	"  --maps FILE       tables as JSON, see raceway-loader(8)\n"
	"  --max-vnics N     size of new tables (default 4096); refused if there are others\n"
	"  --generic         generic XDP, where the driver has no native one\n"
	"  role              uplink or fabric\n";

struct request {
	const char *command, *pin_dir, *maps, *dev;
	enum raceway_role role;
	uint32_t max_vnics;
	bool generic;
};

static int not_understood(const char *what, const char *word)
{
	fprintf(stderr, "raceway-loader: %s %s; see raceway-loader --help\n", what, word);
	return 2;
}

/* `dev IFNAME role ROLE` behind the command. */
static int parse_words(int count, char **words, struct request *request)
{
	for (int i = 0; i < count; i += 2) {
		if (i + 1 == count)
			return not_understood("a value is missing behind", words[i]);
		if (!strcmp(words[i], "dev")) {
			request->dev = words[i + 1];
		} else if (!strcmp(words[i], "role")) {
			if (!strcmp(words[i + 1], "uplink"))
				request->role = RACEWAY_ROLE_UPLINK;
			else if (!strcmp(words[i + 1], "fabric"))
				request->role = RACEWAY_ROLE_FABRIC;
			else
				return not_understood("role is uplink or fabric, not",
						      words[i + 1]);
		} else {
			return not_understood("dev or role is expected, not", words[i]);
		}
	}
	return 0;
}

static int parse(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "pin-dir", required_argument, NULL, 'p' },
		{ "maps", required_argument, NULL, 'm' },
		{ "max-vnics", required_argument, NULL, 'n' },
		{ "generic", no_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		char *end = "";

		if (option == 'p')
			request->pin_dir = optarg;
		else if (option == 'm')
			request->maps = optarg;
		else if (option == 'n')
			request->max_vnics = (uint32_t)strtoul(optarg, &end, 10);
		else if (option == 'g')
			request->generic = true;
		else if (option == 'h') {
			fputs(usage_text, stdout);
			exit(0);
		} else
			return 2;
		if (*end)
			return not_understood("max-vnics is a number, not", optarg);
	}
	if (optind == argc)
		return not_understood("a command is missing:", "attach, detach, upgrade or show");
	request->command = argv[optind++];
	if (strcmp(request->command, "attach") && strcmp(request->command, "detach") &&
	    strcmp(request->command, "upgrade") && strcmp(request->command, "show"))
		return not_understood("command is attach, detach, upgrade or show, not",
				      request->command);
	if (!request->pin_dir)
		return not_understood("missing:", "--pin-dir DIR");
	return parse_words(argc - optind, argv + optind, request);
}

/* Interfaces that have a program of ours. */
struct attached {
	uint32_t *ifindex;
	size_t count;
};

static int note_attached(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex,
			 void *context)
{
	struct attached *attached = context;
	uint32_t *grown = realloc(attached->ifindex, (attached->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	attached->ifindex = grown;
	grown[attached->count++] = ifindex;
	return 0;
}

static int attach_all(struct raceway_dp *dp, const struct request *request,
		      const struct raceway_config_file *file, struct raceway_error *err)
{
	bool found = !request->dev;
	int ret = 0;

	for (size_t i = 0; !ret && i < file->config.vnic_count; i++)
		if (file->vnic_dev[i][0] && !request->dev)
			ret = raceway_dp_attach_vnic(dp, file->vnic_dev[i], file->vnics[i].ifindex,
						     err);
	for (size_t i = 0; !ret && i < file->config.port_count; i++) {
		struct raceway_dp_port *port = &file->ports[i];

		if (request->dev && strcmp(request->dev, port->dev))
			continue;
		found = true;
		port->generic |= request->generic;
		port->more = !request->dev && i + 1 < file->config.port_count;
		if (request->role && request->role != port->role)
			ret = raceway_error_set(err, RACEWAY_FAULT_REFUSED, port->name, "role",
						"the file gives it another role");
		else
			ret = raceway_dp_attach_port(dp, port, err);
	}
	if (!ret && !found)
		ret = raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, request->maps, "dev",
					"has no port with dev %s", request->dev);
	return ret;
}

/* All of the file or nothing: what this call has attached is detached again if it fails. */
static int attach_file(struct raceway_dp *dp, const struct request *request,
		       struct raceway_error *err)
{
	struct raceway_config_file file;
	struct attached before = { 0 };
	int ret = raceway_config_file_read(request->maps, &file, err);

	if (ret)
		return ret;
	ret = raceway_link_each(dp, note_attached, &before);
	if (!ret)
		ret = raceway_dp_fill(dp, &file.config, err);
	if (!ret) {
		ret = attach_all(dp, request, &file, err);
		if (ret)
			raceway_dp_retire(dp, before.ifindex, before.count, NULL);
	}
	/* Attaching has made ports fit: what they can carry may have changed. */
	if (!ret)
		ret = raceway_dp_fill(dp, &file.config, err);
	free(before.ifindex);
	raceway_config_file_free(&file);
	return ret;
}

static int attach_one(struct raceway_dp *dp, const struct request *request,
		      struct raceway_error *err)
{
	struct raceway_dp_port port = { .role = request->role, .generic = request->generic };
	int ret;

	if (!request->dev || !request->role)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "attach", "",
					 "dev and role are needed without --maps");
	snprintf(port.dev, sizeof(port.dev), "%s", request->dev);
	snprintf(port.name, sizeof(port.name), "%s", request->dev);
	port.ifindex = if_nametoindex(request->dev);
	if (!port.ifindex)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "port", "dev",
					 "%s: no such interface", request->dev);
	ret = raceway_tables_add_port(dp, &port, err);
	return ret ? ret : raceway_dp_attach_port(dp, &port, err);
}

/* In the tables, or with a program of ours where a crash has left the tables behind. */
static bool is_port(struct raceway_dp *dp, uint32_t ifindex)
{
	struct raceway_dp_port_info info = { 0 };
	struct raceway_port port;

	if (!bpf_map_lookup_elem(dp->map[RACEWAY_MAP_PORTS], &ifindex, &port))
		return port.role != RACEWAY_ROLE_VNIC;
	return !raceway_dp_port_info(dp, ifindex, &info) && info.attached;
}

static int detach(struct raceway_dp *dp, const struct request *request, struct raceway_error *err)
{
	uint32_t ifindex;

	if (!request->dev)
		return raceway_dp_retire(dp, NULL, 0, err);
	ifindex = if_nametoindex(request->dev);
	if (!ifindex)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "port", "dev",
					 "%s: no such interface", request->dev);
	if (!is_port(dp, ifindex)) {
		char object[80];

		snprintf(object, sizeof(object), "port %.70s", request->dev);
		return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, object, "dev",
					 "no port of this data path");
	}
	return raceway_dp_detach_port(dp, request->dev, ifindex, err);
}

static int run(const struct request *request, struct raceway_error *err)
{
	int lock = raceway_pins_lock(request->pin_dir);
	bool attach = !strcmp(request->command, "attach");
	struct raceway_dp *dp;
	int ret = (attach ? raceway_dp_open : raceway_dp_open_pinned)(request->pin_dir,
								      request->max_vnics, &dp, err);

	if (ret) {
		if (lock >= 0)
			close(lock);
		return ret;
	}
	if (attach)
		ret = request->maps ? attach_file(dp, request, err) : attach_one(dp, request, err);
	else if (!strcmp(request->command, "detach"))
		ret = detach(dp, request, err);
	else if (!strcmp(request->command, "upgrade"))
		ret = raceway_dp_upgrade(dp, err);
	else
		ret = raceway_loader_show(dp, stdout);
	/* Only what this process has retired: a daemon may be staging its own. */
	if (attach)
		raceway_dp_settle(dp);
	raceway_dp_close(dp);
	if (lock >= 0)
		close(lock);
	return ret;
}

int main(int argc, char **argv)
{
	struct request request = { 0 };
	struct raceway_error err = { 0 };
	char text[512];
	int ret = parse(argc, argv, &request);

	if (ret)
		return ret;
	ret = run(&request, &err);
	if (!ret)
		return 0;
	if (!err.fault)
		raceway_error_set(&err, RACEWAY_FAULT_SYSTEM, "", "", "%s", strerror(-ret));
	fprintf(stderr, "raceway-loader: %s\n", raceway_error_format(&err, text, sizeof(text)));
	return raceway_error_exit_status(err.fault);
}
