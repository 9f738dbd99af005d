/* kind.c: scharnier kind ls: kinds of message and the facts that each takes, from the broker's own table. */
#include <stdio.h>
#include <string.h>

#include "core/kind.h"
#include "names.h"
#include "output.h"
#include "spec.h"

static const char *const directions[] = { "none",   "opens",  "feedback", "onward", "answer",
                                          "ledger", "broker", "result",   "both",   "same" };
static const char *const letters[] = { "none", "optional", "mandatory" };

/* "event_date, outcome (expected_date)": the required facts, and in brackets the others. */
static void facts_text(const struct sch_kind_rule *rule, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int round = 0; round < 2; round++) {
        uint64_t mask = round == 0 ? rule->required : rule->allowed & ~rule->required;
        const char *gap = round == 0 ? "" : used > 0 ? " (" : "(";
        bool any = false;
        for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
            if ((mask >> i & 1u) == 0 || used >= size)
                continue;
            used += (size_t)snprintf(text + used, size - used, "%s%s", any ? ", " : gap,
                                     sch_fact_name((enum sch_fact)i));
            any = true;
        }
        if (round == 1 && any && used < size)
            used += (size_t)snprintf(text + used, size - used, ")");
    }
}

static json_t *facts_json(uint64_t mask)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++)
        if ((mask >> i & 1u) != 0)
            json_array_append_new(names, json_string(sch_fact_name((enum sch_fact)i)));
    return names;
}

static json_t *sections_json(uint32_t mask)
{
    json_t *names = json_array();
    for (unsigned i = 0; i < SCH_SPEC_SECTIONS; i++)
        if ((mask >> i & 1u) != 0)
            json_array_append_new(names, json_string(sch_section_name(i)));
    return names;
}

int sch_cli_run_kind_ls(struct sch_cli *cli)
{
    struct sch_table table = { .header = { "KIND", "DUTCH", "DIRECTION", "LETTER", "FACTS (OPTIONAL)" },
                               .columns = 5 };
    json_t *rows = json_array();
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        const struct sch_kind_rule *rule = sch_kind_rule((enum sch_kind)kind);
        char facts[512];
        const char *name = sch_code_name(SCH_SET_KIND, kind);
        const char *dutch = sch_code_dutch(SCH_SET_KIND, kind);
        facts_text(rule, facts, sizeof facts);
        const char *text[] = { name, dutch, directions[rule->direction], letters[rule->letter], facts };
        json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "kind", name, "dutch", dutch,
                                              "direction", directions[rule->direction], "letter",
                                              letters[rule->letter], "required", facts_json(rule->required),
                                              "allowed", facts_json(rule->allowed), "sections",
                                              sections_json(rule->sections)));
        if (!sch_table_add(&table, text))
            break;
    }
    if (cli->json)
        (void)sch_json_print("kinds", json_pack("{s:O}", "kinds", rows));
    else
        sch_table_print(&table, cli->headers, stdout);
    sch_cli_next(cli,
                 "scharnier referral answer KENMERK KIND --key KEY --fact NAME=VALUE --section NAME=TEXT");
    sch_table_free(&table);
    json_decref(rows);
    return 0;
}
