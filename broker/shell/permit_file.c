/*
 * permit_file.c: reads who may send what. Contract and format in permit_file.h.
 *
 * Must not know: parties, dossiers.
 */
#include "permit_file.h"

#include <string.h>

#include "names.h"
#include "norm_file.h"

#define CANDIDATES_MAX (SCH_KIND_COUNT + 2)

struct loader {
    struct sch_permits *permits;
    enum sch_party_kind sender;         /* UNSPECIFIED: the section's name was wrong */
    sch_ini_report_fn *report;
    void *report_context;
};

static size_t names_of(enum sch_code_set set, const char **names, size_t capacity)
{
    size_t count = 0;
    for (const char *name; count < capacity && (name = sch_code_at(set, count)) != NULL; count++)
        names[count] = name;
    return count;
}

static int begin_section(struct loader *loader, const struct sch_ini *ini, const char *section)
{
    int64_t sender = sch_code_parse(SCH_SET_PARTY, section);
    loader->sender = sender > 0 ? (enum sch_party_kind)sender : SCH_PARTY_UNSPECIFIED;
    if (sender > 0)
        return SCH_OK;
    const char *names[CANDIDATES_MAX];
    size_t count = names_of(SCH_SET_PARTY, names, CANDIDATES_MAX);
    return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "kind of party", section, names, count);
}

static int receiver_bits(const struct sch_ini *ini, const char *word, uint32_t *bits)
{
    if (strcmp(word, "*") == 0) {
        *bits = ((UINT32_C(1) << SCH_PARTY_COUNT) - 1) & ~UINT32_C(1);
        return SCH_OK;
    }
    if (strcmp(word, "ledger") == 0) {
        *bits = 1;
        return SCH_OK;
    }
    int64_t party = sch_code_parse(SCH_SET_PARTY, word);
    if (party > 0) {
        *bits = UINT32_C(1) << party;
        return SCH_OK;
    }
    const char *names[CANDIDATES_MAX];
    size_t count = names_of(SCH_SET_PARTY, names, CANDIDATES_MAX - 1);
    names[count++] = "ledger";
    return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "kind of receiver", word, names, count);
}

static int on_line(void *context, const struct sch_ini *ini, const char *section, const char *name,
                   const char *value)
{
    struct loader *loader = context;
    if (name == NULL)
        return begin_section(loader, ini, section);
    if (section[0] == '\0')
        return sch_ini_error(ini, SCH_E_NORM_FORMAT, "\"%s\" stands before the first section", name);
    if (loader->sender == SCH_PARTY_UNSPECIFIED)
        return SCH_OK;                  /* the section's own line was reported */
    int64_t kind = sch_code_parse(SCH_SET_KIND, name);
    if (kind <= 0) {
        const char *names[CANDIDATES_MAX];
        size_t count = names_of(SCH_SET_KIND, names, CANDIDATES_MAX);
        return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "message kind", name, names, count);
    }
    char word[SCH_NORM_FILE_WORD_MAX];
    for (const char *rest = value; sch_norm_file_word(&rest, word) != NULL;) {
        /* A list that goes on on the next line ends with a comma. */
        if (word[0] == '\0' && rest == NULL)
            continue;
        uint32_t bits = 0;
        int code = receiver_bits(ini, word, &bits);
        if (code != SCH_OK)
            return code;
        loader->permits->allowed[loader->sender][kind] |= bits;
    }
    return SCH_OK;
}

static void on_report(void *context, const char *line)
{
    const struct loader *loader = context;
    if (loader->report != NULL)
        loader->report(loader->report_context, line);
}

int sch_permit_file_load(const char *path, struct sch_permits *permits, sch_ini_report_fn *report,
                         void *context, sch_error *error)
{
    struct loader loader = { .permits = permits, .report = report, .report_context = context };
    memset(permits, 0, sizeof *permits);
    return sch_ini_read_file(path, on_line, on_report, &loader, error);
}

int sch_permit_file_parse(const char *name, const uint8_t *content, size_t size, struct sch_permits *permits,
                          sch_ini_report_fn *report, void *context, sch_error *error)
{
    struct loader loader = { .permits = permits, .report = report, .report_context = context };
    memset(permits, 0, sizeof *permits);
    return sch_ini_read_bytes(name, content, size, on_line, on_report, &loader, error);
}
