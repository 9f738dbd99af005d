/*
 * names.c: the tables behind names.h, made from the lists of types.h.
 *
 * Must not know: protobuf, files, sockets. The lower-case names of facts and sections are written out,
 * because the preprocessor cannot lower a word; a test holds them against the lists.
 */
#include "names.h"

#include <string.h>

struct code {
    const char *name;
    const char *dutch;
    int64_t number;
};

#define CODE_ROW(N, n, d) { #N, (d), (n) },
#define CODE_TABLE(S, L) static const struct code table_##S[] = { L(CODE_ROW) };
SCH_CODE_SET_LIST(CODE_TABLE)

struct code_table {
    const struct code *row;
    size_t count;
};

#define CODE_SET(S, L) [SCH_SET_##S] = { table_##S, sizeof table_##S / sizeof table_##S[0] },
static const struct code_table sets[SCH_SET_COUNT] = { SCH_CODE_SET_LIST(CODE_SET) };

struct fact {
    enum sch_fact_type type;
    enum sch_code_set set;
};

#define FACT_ROW(N, t, s) [SCH_FACT_##N] = { SCH_TYPE_##t, SCH_SET_##s },
static const struct fact facts[SCH_FACT_COUNT] = { SCH_FACT_LIST(FACT_ROW) };

#define FIELD_PREFIX "header."
static const char *const fact_fields[SCH_FACT_COUNT] = {
    [SCH_FACT_ECHELON] = FIELD_PREFIX "echelon",
    [SCH_FACT_URGENCY] = FIELD_PREFIX "urgency",
    [SCH_FACT_LETTER_DATE] = FIELD_PREFIX "letter_date",
    [SCH_FACT_AUTHOR_ROLE] = FIELD_PREFIX "author_role",
    [SCH_FACT_AUTHOR_AGB] = FIELD_PREFIX "author_agb",
    [SCH_FACT_CONSENT] = FIELD_PREFIX "consent",
    [SCH_FACT_PHONED_AT] = FIELD_PREFIX "phoned_at",
    [SCH_FACT_EVENT_DATE] = FIELD_PREFIX "event_date",
    [SCH_FACT_EXPECTED_DATE] = FIELD_PREFIX "expected_date",
    [SCH_FACT_REFUSAL_REASON] = FIELD_PREFIX "refusal_reason",
    [SCH_FACT_WITHDRAWAL_REASON] = FIELD_PREFIX "withdrawal_reason",
    [SCH_FACT_END_REASON] = FIELD_PREFIX "end_reason",
    [SCH_FACT_WAIVER_REASON] = FIELD_PREFIX "waiver_reason",
    [SCH_FACT_OUTCOME] = FIELD_PREFIX "outcome",
    [SCH_FACT_STARTED] = FIELD_PREFIX "started",
    [SCH_FACT_NEXT_STEP] = FIELD_PREFIX "next_step",
    [SCH_FACT_NO_SHOW_COUNT] = FIELD_PREFIX "no_show_count",
    [SCH_FACT_BRIDGED_BY] = FIELD_PREFIX "bridged_by",
    [SCH_FACT_SETTING] = FIELD_PREFIX "setting",
    [SCH_FACT_TAKEN_UP] = FIELD_PREFIX "taken_up",
    [SCH_FACT_REENTRY_UNTIL] = FIELD_PREFIX "reentry_until",
    [SCH_FACT_EXPECTATION] = FIELD_PREFIX "expectation",
    [SCH_FACT_STEP] = FIELD_PREFIX "step",
    [SCH_FACT_CAUSE] = FIELD_PREFIX "cause",
    [SCH_FACT_REDIRECTION_MODE] = FIELD_PREFIX "redirection_mode",
    [SCH_FACT_PATIENT_AGREED] = FIELD_PREFIX "patient_agreed",
    [SCH_FACT_WRONG_PARTY] = FIELD_PREFIX "wrong_party",
    [SCH_FACT_TOPIC] = FIELD_PREFIX "topic",
    [SCH_FACT_CONSULT_FORM] = FIELD_PREFIX "consult_form",
    [SCH_FACT_ROUTE] = FIELD_PREFIX "route",
    [SCH_FACT_TEAM_OUTCOME] = FIELD_PREFIX "team_outcome",
    [SCH_FACT_NOTE] = FIELD_PREFIX "note",
    [SCH_FACT_SNOOZE_REASON] = FIELD_PREFIX "snooze_reason",
    [SCH_FACT_UNTIL] = FIELD_PREFIX "until",
    [SCH_FACT_MISSING_SECTIONS] = FIELD_PREFIX "missing_sections",
};

#define SECTIONS 25
static const char *const section_names[SECTIONS] = {
    "question", "reason", "suspected_disorder", "severity", "risk", "complexity", "course", "medication",
    "consent", "bridging", "intake_date", "answer", "diagnosis", "indication", "plan", "start",
    "practitioner", "end", "done", "result", "residual_risk", "relapse_signals", "aftercare", "phone",
    "changes",
};

#define SECTION_DUTCH(N, n, d) [n] = (d),
static const char *const section_dutch[SECTIONS] = { SCH_SECTION_LIST(SECTION_DUTCH) };

/* Letter case and "-" against "_" make no difference in a word that a person typed. */
static char folded(char c)
{
    if (c >= 'a' && c <= 'z') {
        return (char)(c - 'a' + 'A');
    }
    return c == '-' ? '_' : c;
}

static bool same_word(const char *a, const char *b)
{
    while (*a != '\0' && folded(*a) == folded(*b)) {
        a++;
        b++;
    }
    return *a == '\0' && *b == '\0';
}

/* Every set is numbered without gaps, so a row is found by its distance from the first. */
static const struct code *find_code(enum sch_code_set set, int64_t number)
{
    if ((unsigned)set >= SCH_SET_COUNT) {
        return NULL;
    }
    const struct code_table *table = &sets[set];
    int64_t first = table->row[0].number;
    if (number < first || number >= first + (int64_t)table->count) {
        return NULL;
    }
    return &table->row[number - first];
}

const char *sch_code_name(enum sch_code_set set, int64_t code)
{
    const struct code *row = find_code(set, code);
    return row != NULL ? row->name : "?";
}

const char *sch_code_dutch(enum sch_code_set set, int64_t code)
{
    const struct code *row = find_code(set, code);
    return row != NULL ? row->dutch : "?";
}

int64_t sch_code_parse(enum sch_code_set set, const char *name)
{
    if ((unsigned)set >= SCH_SET_COUNT) {
        return -1;
    }
    for (size_t i = 0; i < sets[set].count; i++) {
        if (same_word(name, sets[set].row[i].name)) {
            return sets[set].row[i].number;
        }
    }
    return -1;
}

bool sch_code_valid(enum sch_code_set set, int64_t code)
{
    return code != 0 && find_code(set, code) != NULL;
}

const char *sch_code_at(enum sch_code_set set, size_t index)
{
    if ((unsigned)set >= SCH_SET_COUNT || index >= sets[set].count) {
        return NULL;
    }
    return sets[set].row[index].name;
}

const char *sch_fact_field(enum sch_fact fact)
{
    return (unsigned)fact < SCH_FACT_COUNT ? fact_fields[fact] : FIELD_PREFIX "?";
}

const char *sch_fact_name(enum sch_fact fact)
{
    return sch_fact_field(fact) + sizeof FIELD_PREFIX - 1;
}

enum sch_fact_type sch_fact_type(enum sch_fact fact)
{
    return (unsigned)fact < SCH_FACT_COUNT ? facts[fact].type : SCH_TYPE_NUMBER;
}

enum sch_code_set sch_fact_set(enum sch_fact fact)
{
    return (unsigned)fact < SCH_FACT_COUNT ? facts[fact].set : SCH_SET_NONE;
}

enum sch_fact sch_fact_parse(const char *name)
{
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        if (same_word(name, sch_fact_name((enum sch_fact)i))) {
            return (enum sch_fact)i;
        }
    }
    return SCH_FACT_COUNT;
}

const char *sch_section_name(unsigned bit)
{
    return bit < SECTIONS ? section_names[bit] : "?";
}

const char *sch_section_dutch(unsigned bit)
{
    return bit < SECTIONS ? section_dutch[bit] : "?";
}

int sch_section_parse(const char *name)
{
    for (int i = 0; i < SECTIONS; i++) {
        if (same_word(name, section_names[i])) {
            return i;
        }
    }
    return -1;
}

/* Levenshtein's distance with one row; a word longer than the row is near to nothing. */
#define WORD_MAX 63

static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = diagonal + (folded(a[i - 1]) == folded(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            size_t edit = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = cost < edit ? cost : edit;
        }
    }
    return row[b_len];
}

const char *sch_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t len = strlen(word);
    if (len == 0 || len > WORD_MAX) {
        return NULL;
    }
    size_t best = len / 3 > 2 ? len / 3 : 2;
    if (best >= len) {
        best = len - 1;
    }
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_len = strlen(candidates[i]);
        if (candidate_len > WORD_MAX) {
            continue;
        }
        size_t edits = distance(word, len, candidates[i], candidate_len);
        if (edits < best || (edits == best && nearest == NULL)) {
            best = edits;
            nearest = candidates[i];
        }
    }
    return nearest;
}
