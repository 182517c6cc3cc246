/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* raceway, the command-line client of racewayd. */
#include "cli/run.h"

int main(int argc, char **argv)
{
	return raceway_cli_run(argc > 0 ? argc - 1 : 0, (const char *const *)argv + 1);
}
