/*
 * spec.h: a message as a person or a program writes it down: from a JSON file, from options, or both.
 *
 *   { "key": "his-2026-004711", "to": "agb:06290713", "copies": ["agb:01234567/poh-ggz"],
 *     "facts": { "urgency": "ROUTINE", "letter_date": "2026-11-20" },
 *     "sections": { "question": "…", "reason": "…" },
 *     "attachments": ["brief.pdf", { "path": "x.bin", "media_type": "application/pdf", "name": "brief" }] }
 *
 * Other members: kind (REFERRAL unless stated), from, creditor, prepared_by, concerned, parent, follows,
 * group, subject. Addresses may be bare AGB codes. Options add to what the file says, and replace what it
 * says of the same name.
 *
 * Must not know: the library's handles; send.c turns a specification into a draft.
 */
#ifndef SCH_CLI_SPEC_H
#define SCH_CLI_SPEC_H

#include "cli.h"

#define SCH_SPEC_SECTIONS 25
#define SCH_SPEC_KEY_MAX 63
#define SCH_SPEC_REFERENCE_MAX 40

struct sch_spec_attachment {
    char media_type[64];
    char name[128];
    char *content;
    size_t size;
};

struct sch_spec {
    enum sch_kind kind;
    int32_t today;                      /* "today" and "+14d" in dates count from it; a local day */
    int64_t now_ms;
    char key[SCH_SPEC_KEY_MAX + 1];
    struct sch_address from, to, creditor, prepared_by, concerned;
    struct sch_address copy[SCH_COPIES_MAX];
    size_t copy_count;
    /* A kenmerk or an id, as written; empty: none. */
    char parent[SCH_SPEC_REFERENCE_MAX + 1], follows[SCH_SPEC_REFERENCE_MAX + 1];
    char group[SCH_SPEC_REFERENCE_MAX + 1], subject[SCH_SPEC_REFERENCE_MAX + 1];
    int64_t fact[SCH_FACT_COUNT];
    char *section[SCH_SPEC_SECTIONS];   /* NULL: absent; owned */
    struct sch_spec_attachment attachment[SCH_ATTACHMENTS_MAX];
    size_t attachment_count;
};

void sch_spec_close(struct sch_spec *spec);

/* Each returns SCH_OK, or FIELD_INVALID with what was wrong and, where one is near, what was meant. */
int sch_spec_kind(struct sch_spec *spec, const char *name, sch_error *error);
int sch_spec_address(struct sch_address *address, const char *text, const char *field, sch_error *error);
int sch_spec_copy(struct sch_spec *spec, const char *text, sch_error *error);
/* A fact's value as text: a code's name; 2026-12-01, today or +14d; a time, or now; a number; E6. */
int sch_spec_fact(struct sch_spec *spec, const char *name, const char *value, sch_error *error);
int sch_spec_section(struct sch_spec *spec, const char *name, const char *text, sch_error *error);
/* media_type and name may be NULL: from the path. folder: where a relative path begins; "" here. */
int sch_spec_attach(struct sch_spec *spec, const char *folder, const char *path, const char *media_type,
                    const char *name, sch_error *error);

/* Reads a JSON document; file is the name in "file:line: what" and the folder of attachments. */
int sch_spec_json(struct sch_spec *spec, const char *file, const char *content, size_t size,
                  sch_error *error);

/* Takes --kind, --key, --from, --to, --copy, --creditor, --prepared-by, --concerned, --parent, --follows,
 * --group,
 * --subject, --fact, --section and --attach. */
int sch_spec_options(struct sch_spec *spec, const struct sch_cli *cli, sch_error *error);

#endif
