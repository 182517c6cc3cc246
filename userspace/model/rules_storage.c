/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules that one object of storage has by itself. */
#include <string.h>

#include "model/internal.h"
#include "model/storage.h"
#include "util/units.h"

#define BLOCK_BYTES 512

struct rule {
	const struct raceway_kind *kind;
	const char *object;
	const json_t *doc;
	struct raceway_error *err;
};

#define REFUSE(rule, field, ...)                                                                   \
	raceway_error_set((rule)->err, RACEWAY_FAULT_INVALID, (rule)->object, field, __VA_ARGS__)

static const char *text_of(const struct rule *r, const char *word)
{
	return raceway_model_text(r->kind, r->doc, word);
}

/* Which words belong to a SAN's type. */
static int san_rules(const struct rule *r)
{
	static const struct {
		const char *type, *word;
	} needs[] = { { "pool", "path" }, { "iscsi", "portal" }, { "iscsi", "target" } };
	const char *type = text_of(r, "type");

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		const char *word = needs[i].word;
		bool own = strcmp(needs[i].type, type) == 0;

		if (own && !text_of(r, word))
			return REFUSE(r, word, "%s is missing: a SAN of type %s needs it", word,
				      type);
		if (!own && text_of(r, word))
			return REFUSE(r, word, "%s is for type %s, not for type %s", word,
				      needs[i].type, type);
	}
	return 0;
}

static int volume_rules(const struct rule *r)
{
	uint64_t size = raceway_model_u64(r->kind, r->doc, "size");
	char text[RACEWAY_UNIT_TEXT];

	if (size && text_of(r, "dev"))
		return REFUSE(r, "dev",
			      "size and dev exclude each other: size makes a new volume, "
			      "dev names one that exists");
	if (size % BLOCK_BYTES)
		return REFUSE(r, "size", "size %s is no multiple of %d",
			      raceway_format_size(size, text), BLOCK_BYTES);
	return 0;
}

/* `user` and the file with its secret come together. */
static int secret_rules(const struct rule *r, const char *user, const char *file)
{
	if (text_of(r, user) && !text_of(r, file))
		return REFUSE(r, file, "%s is missing: %s needs the file with its secret", file,
			      user);
	if (!text_of(r, user) && text_of(r, file))
		return REFUSE(r, file, "%s needs %s, the user whose secret it is", file, user);
	return 0;
}

static int auth_rules(const struct rule *r)
{
	const char *auth = text_of(r, "auth");
	int result = secret_rules(r, "chap", "secret-file");

	if (result == 0)
		result = secret_rules(r, "mutual-chap", "mutual-secret-file");
	if (result < 0)
		return result;
	if (text_of(r, "mutual-chap") && !text_of(r, "chap"))
		return REFUSE(r, "mutual-chap",
			      "mutual-chap needs chap: a target proves itself only to an initiator "
			      "that does");
	if (text_of(r, "mutual-chap") && strcmp(text_of(r, "mutual-chap"), text_of(r, "chap")) == 0)
		return REFUSE(
			r, "mutual-chap",
			"mutual-chap and chap are the same user; the target must prove itself "
			"by another");
	if (auth && strcmp(auth, "chap") == 0 && !text_of(r, "chap"))
		return REFUSE(r, "auth", "auth chap needs chap and secret-file");
	if (auth && strcmp(auth, "chap") != 0 && text_of(r, "chap"))
		return REFUSE(r, "auth",
			      "auth %s asks for no CHAP; leave chap out, or take it away by chap "
			      "\"\" secret-file \"\"",
			      auth);
	return 0;
}

static int vhba_rules(const struct rule *r)
{
	uint64_t cir = raceway_model_u64(r->kind, r->doc, "cir"),
		 pir = raceway_model_u64(r->kind, r->doc, "pir");
	uint64_t iops_cir = raceway_model_u64(r->kind, r->doc, "iops-cir"),
		 iops_pir = raceway_model_u64(r->kind, r->doc, "iops-pir");
	char text[2][RACEWAY_UNIT_TEXT];

	if (pir && cir > pir)
		return REFUSE(r, "cir", "cir %s is above pir %s", raceway_format_rate(cir, text[0]),
			      raceway_format_rate(pir, text[1]));
	if (iops_pir && iops_cir > iops_pir)
		return REFUSE(r, "iops-cir", "iops-cir %llu is above iops-pir %llu",
			      (unsigned long long)iops_cir, (unsigned long long)iops_pir);
	return auth_rules(r);
}

int raceway_storage_rules(const struct raceway_kind *kind, const char *object, const json_t *doc,
			  struct raceway_error *err)
{
	static const struct {
		const char *kind;
		int (*check)(const struct rule *rule);
	} table[] = {
		{ "san", san_rules },
		{ "volume", volume_rules },
		{ "vhba", vhba_rules },
	};
	struct rule rule = { .kind = kind, .object = object, .doc = doc, .err = err };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].kind, raceway_kind_word(kind)) == 0)
			return table[i].check(&rule);
	return 0;
}
