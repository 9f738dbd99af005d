/* filter.c: options, one by one. Contract in filter.h. */
#include "filter.h"

#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "names.h"
#include "spec.h"

#define DAYS_MAX 36525
#define NAMES_MAX 64

unsigned sch_filter_expectation(const char *text)
{
    const char *digits = text + (text[0] == 'E' || text[0] == 'e');
    size_t count = strspn(digits, "0123456789");
    unsigned long number = count > 0 && count <= 2 && digits[count] == '\0' ? strtoul(digits, NULL, 10) : 0;
    return number >= 1 && number <= 15 ? (unsigned)number : 0;
}

/* A code in any case, with - or _; *code stays 0 when the option was not given. */
static int take_code(const struct sch_cli *cli, const char *option, enum sch_code_set set, int64_t *code,
                     sch_error *error)
{
    const char *known[NAMES_MAX];
    const char *text = sch_cli_option(cli, option);
    size_t count = 0;
    *code = text == NULL ? 0 : sch_code_parse(set, text);
    if (text == NULL || *code > 0)
        return SCH_OK;
    while (count < NAMES_MAX && (known[count] = sch_code_at(set, count)) != NULL)
        count++;
    const char *near = sch_nearest(text, known, count);
    return sch_fail(error, SCH_E_USAGE, "--%s \"%.40s\" is no code%s%s%s", option, text,
                    near ? "; did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "; see scharnier unanswered ls --help");
}

static int take_address(const struct sch_cli *cli, const char *option, struct sch_address *address,
                        sch_error *error)
{
    const char *text = sch_cli_option(cli, option);
    if (text == NULL || sch_spec_address(address, text, option, error) == SCH_OK)
        return SCH_OK;
    return sch_fail(error, SCH_E_USAGE, "--%s: \"%.60s\" is no address, such as agb:06290713", option, text);
}

int sch_filter_take(const struct sch_cli *cli, struct sch_query *query, sch_error *error)
{
    int64_t silence = 0, term = 0, echelon = 0, urgency = 0;
    size_t older = 0;
    const char *expectation = sch_cli_option(cli, "expectation");
    if (take_code(cli, "silence", SCH_SET_SILENCE, &silence, error) != SCH_OK ||
        take_code(cli, "term", SCH_SET_TERM, &term, error) != SCH_OK ||
        take_code(cli, "echelon", SCH_SET_PARTY, &echelon, error) != SCH_OK ||
        take_code(cli, "urgency", SCH_SET_URGENCY, &urgency, error) != SCH_OK ||
        sch_cli_number(cli, "older", DAYS_MAX, 0, &older, error) != SCH_OK ||
        take_address(cli, "debtor", &query->only.debtor, error) != SCH_OK ||
        take_address(cli, "creditor", &query->only.creditor, error) != SCH_OK ||
        take_address(cli, "referrer", &query->only.referrer, error) != SCH_OK ||
        take_address(cli, "receiver", &query->only.receiver, error) != SCH_OK)
        return SCH_E_USAGE;
    query->only.silence = (enum sch_silence)silence;
    query->only.term = (enum sch_term)term;
    query->only.echelon = (enum sch_party_kind)echelon;
    query->only.urgency = (enum sch_urgency)urgency;
    query->only.older_days = (uint32_t)older;
    query->only.expectation = expectation != NULL ? sch_filter_expectation(expectation) : 0;
    query->overdue_only = sch_cli_is(cli, "overdue");
    if (expectation != NULL && query->only.expectation == 0)
        return sch_fail(error, SCH_E_USAGE, "--expectation \"%.20s\": E1 to E15", expectation);
    return SCH_OK;
}

size_t sch_filter_count(const struct sch_query *query)
{
    const struct sch_address *addresses[] = { &query->only.debtor, &query->only.creditor,
                                              &query->only.referrer, &query->only.receiver };
    const bool stated[] = { query->only.silence != 0,     query->only.term != 0,
                            query->only.echelon != 0,     query->only.urgency != 0,
                            query->only.expectation != 0, query->only.older_days != 0,
                            query->overdue_only };
    size_t count = 0;
    for (size_t i = 0; i < sizeof stated / sizeof stated[0]; i++)
        count += stated[i];
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        count += addresses[i]->text[0] != '\0';
    return count;
}

/* An organisation stands for its departments too. */
static bool is_of(const struct sch_address *address, const struct sch_address *wanted)
{
    size_t size = strlen(wanted->text);
    return strncmp(address->text, wanted->text, size) == 0 &&
           (size == 0 || address->text[size] == '\0' || address->text[size] == '/');
}

bool sch_filter_fits(const struct sch_query *query, const struct sch_dossier_row *row, int64_t now_ms)
{
    int32_t days = sch_day_of_ms(now_ms) - sch_day_of_ms(row->opened_ms);
    return is_of(&row->creditor, &query->only.creditor) && is_of(&row->referrer, &query->only.referrer) &&
           is_of(&row->receiver, &query->only.receiver) &&
           (query->only.echelon == 0 || query->only.echelon == row->echelon) &&
           (query->only.urgency == 0 || query->only.urgency == row->urgency) &&
           days >= (int32_t)query->only.older_days && (!query->overdue_only || row->overdue_count > 0);
}
