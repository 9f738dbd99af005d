/*
 * test_protocol.c: the tables of proto/PROTOCOL.md are those of the code.
 *
 * Between "<!-- begin NAME -->" and "<!-- end NAME -->" the document holds a table that is written here from
 * the code's own lists. The test compares; with --write the program puts the tables in instead. The bytes of
 * the worked exchange come from proto/vectors/, which test_vectors.c holds against the code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <scharnier/error.h>
#include <scharnier/limits.h>

#include "core/expectation.h"
#include "core/kind.h"
#include "core/step.h"
#include "names.h"
#include "scharnier.pb-c.h"

#define DOCUMENT "proto/PROTOCOL.md"
#define VECTORS "proto/vectors/suite-1.ini"
#define LIMITS "include/scharnier/limits.h"

/* ---- the tables ----------------------------------------------------------------------------------- */

static void write_facts(FILE *out, uint64_t facts)
{
    const char *between = "";
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        if (facts & (UINT64_C(1) << i)) {
            fprintf(out, "%s%s", between, sch_fact_name((enum sch_fact)i));
            between = ", ";
        }
    }
}

static void write_kinds(FILE *out)
{
    static const char *const direction[] = { "none", "opens", "feedback", "onward", "answer", "ledger",
                                             "broker", "result", "both", "same" };
    static const char *const letter[] = { "no", "optional", "yes" };
    fprintf(out, "| No. | Kind | Dutch | Direction | Letter | Required facts | Also allowed |\n"
                 "|---|---|---|---|---|---|---|\n");
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        const struct sch_kind_rule *rule = sch_kind_rule((enum sch_kind)kind);
        fprintf(out, "| %d | %s | %s | %s | %s | ", kind, sch_code_name(SCH_SET_KIND, kind),
                sch_code_dutch(SCH_SET_KIND, kind), direction[rule->direction],
                rule->direction == SCH_DIRECTION_NONE ? "" : letter[rule->letter]);
        write_facts(out, rule->required);
        fprintf(out, " | ");
        write_facts(out, rule->allowed & ~rule->required);
        fprintf(out, " |\n");
    }
}

static void write_sections(FILE *out)
{
    fprintf(out, "| Bit | Mask | Section | Dutch | In a letter of kind |\n|---|---|---|---|---|\n");
    for (unsigned bit = 0; (UINT32_C(1) << bit) <= SCH_SECTION_ALL; bit++) {
        const char *between = "";
        fprintf(out, "| %u | 0x%07x | %s | %s | ", bit, 1u << bit, sch_section_name(bit),
                sch_section_dutch(bit));
        for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
            if (sch_kind_rule((enum sch_kind)kind)->sections & (UINT32_C(1) << bit)) {
                fprintf(out, "%s%s", between, sch_code_name(SCH_SET_KIND, kind));
                between = ", ";
            }
        }
        fprintf(out, " |\n");
    }
}

#define SET_NAME(NAME, LIST) [SCH_SET_##NAME] = #NAME,
static const char *const set_name[] = { SCH_CODE_SET_LIST(SET_NAME) };

static void write_fact_types(FILE *out)
{
    static const char *const type[] = { "code", "date", "time", "number" };
    fprintf(out, "| Fact | Type | Code set |\n|---|---|---|\n");
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        enum sch_fact_type t = sch_fact_type((enum sch_fact)i);
        fprintf(out, "| %s | %s | %s |\n", sch_fact_name((enum sch_fact)i), type[t],
                t == SCH_TYPE_CODE ? set_name[sch_fact_set((enum sch_fact)i)] : "");
    }
}

static void write_codes(FILE *out)
{
    fprintf(out, "| Set | Codes |\n|---|---|\n");
    for (unsigned set = 0; set < SCH_SET_COUNT; set++) {
        const char *between = "";
        if (set == SCH_SET_KIND)
            continue;
        fprintf(out, "| %s | ", set_name[set]);
        for (int64_t code = 1; code < 64; code++) {
            if (sch_code_valid((enum sch_code_set)set, code)) {
                fprintf(out, "%s%lld %s", between, (long long)code,
                        sch_code_name((enum sch_code_set)set, code));
                between = " · ";
            }
        }
        fprintf(out, " |\n");
    }
}

/* What an audit record or a row of a trace says happened: the wire's own numbers. */
static void write_events(FILE *out)
{
    const ProtobufCEnumDescriptor *events = &scharnier__v1__event__descriptor;
    static const char prefix[] = "EVENT_";
    const char *between = "";
    for (unsigned i = 0; i < events->n_values; i++)
        if (events->values[i].value != 0) {
            fprintf(out, "%s%d %s", between, events->values[i].value, events->values[i].name + sizeof prefix - 1);
            between = " · ";
        }
    fprintf(out, "\n");
}

#define LIMIT_LIST(X) \
    X(ADDRESS_MAX, "bytes of an address") \
    X(KEY_ID_MAX, "bytes of a key id") \
    X(REGION_MAX, "bytes of a region code") \
    X(NAME_MAX, "bytes of an organisation's name") \
    X(ID_SIZE, "bytes of a message id or dossier id") \
    X(KENMERK_SIZE, "characters of a kenmerk") \
    X(NORM_ID_MAX, "bytes of a norm's id") \
    X(COPIES_MAX, "mailboxes in copy") \
    X(RECIPIENTS_MAX, "recipients of a message, copies included") \
    X(HEADER_SIZE_MAX, "bytes of a serialised Header") \
    X(SEAL_SIZE_MAX, "bytes of a serialised Seal") \
    X(BODY_SIZE_MAX, "bytes of a sealed body (second frame); a larger one travels in parts") \
    X(PART_SIZE, "bytes of each part of a large body but the last") \
    X(PARTS_MAX, "parts of a large body") \
    X(LARGE_SIZE_MAX, "bytes of a sealed body in parts") \
    X(UPLOAD_QUOTA, "bytes that one party may have announced, count × PART_SIZE per upload, and not submitted") \
    X(UPLOAD_AGE_MAX_MS, "ms after its last part that an upload which was not submitted is dropped") \
    X(COMMAND_SIZE_MAX, "bytes of a Command (first frame to the broker)") \
    X(REPLY_SIZE_MAX, "bytes of a Reply (first frame from the broker)") \
    X(FRAMES_MAX, "frames of a message, either way") \
    X(ATTACHMENTS_MAX, "attachments of a letter") \
    X(SECTION_SIZE_MAX, "bytes of text in one section of a letter") \
    X(ID_AGE_MAX_MS, "ms that a message id's time may lie back") \
    X(ID_AHEAD_MAX_MS, "ms that it may lie ahead") \
    X(CREDIT_MESSAGES_MAX, "unsettled messages that a session may ask to hold") \
    X(CREDIT_BYTES_MAX, "bytes of body that a session may ask to hold") \
    X(LEASE_MS, "ms that a delivery is yours before it may go to another session") \
    X(RETRIES_MAX, "attempts at one delivery: the RETRY of the last makes it a dead letter") \
    X(REQUESTS_MAX, "commands that a client may have unanswered; an answer beyond may be lost, and is asked for again") \
    X(ATTACHED_MAX, "mailboxes of one session") \
    X(PARTY_DELIVERIES_MAX, "unsettled deliveries of one dossier that parties made") \
    X(DELIVERIES_MAX, "unsettled deliveries of one dossier in all") \
    X(OWED_MAX, "open promises of one dossier, E1 apart") \
    X(KEPT_MAX, "answered promises that a dossier's record keeps, for a CORRECTION to reopen") \
    X(INSTANCES_MAX, "promises that a dossier's record holds") \
    X(PROOFS_MAX, "messages that prove a phase of the dossier, which its record keeps; the oldest go first") \
    X(SUCCESSORS_MAX, "REFERRALs with which a patient went on from a dossier, that its record tells apart") \
    X(GROUP_MAX, "parallel referrals of one group") \
    X(ASKED_MAX, "times that a question restarts the term of a decision") \
    X(SNOOZE_DAYS_MAX, "days that a SNOOZE may reach ahead") \
    X(REMIND_PAUSE_MS, "ms between two reminders of one promise by hand") \
    X(PAGE_ROWS_MAX, "rows of a page") \
    X(SCAN_ROWS_MAX, "rows that the broker looks at for one page") \
    X(DIRECTORY_SIZE_MAX, "bytes of a directory file") \
    X(PARTIES_MAX, "parties of a directory") \
    X(KEYS_MAX, "keys of a directory") \
    X(ACTS_FOR_MAX, "addresses that one transport key acts for")

static void write_limits(FILE *out)
{
    fprintf(out, "| Limit | Value | What |\n|---|---|---|\n");
#define LIMIT_ROW(NAME, what) fprintf(out, "| %s | %lld | %s |\n", #NAME, (long long)SCH_##NAME, what);
    LIMIT_LIST(LIMIT_ROW)
}

static void write_rejections(FILE *out)
{
    fprintf(out, "| Code | Name | Cause | Way out |\n|---|---|---|---|\n");
#define ERROR_ROW(NAME, number, exit, cause, hint) \
    if ((number) / 1000 == 2) \
        fprintf(out, "| %d | %s | %s | %s |\n", (number), #NAME, cause, hint);
    SCH_ERROR_LIST(ERROR_ROW)
}

static void write_expectations(FILE *out)
{
    static const char *const debtor[] = { "referrer", "receiver", "creditor", "copy" };
    fprintf(out, "| Promise | Opened by | Counts from | Owed by | Closed by |\n|---|---|---|---|---|\n");
    for (unsigned number = 1; number < SCH_EXPECTATION_COUNT; number++) {
        const struct sch_expectation_rule *rule = sch_expectation_rule(number);
        fprintf(out, "| E%u | %s | %s | %s | %s |\n", number, rule->opens, rule->counts_from,
                number == 1    ? "the recipient"
                : number == 11 ? "whoever was asked"
                               : debtor[rule->debtor],
                rule->closes);
    }
}

/* What each kind does to a dossier, phase by phase: the kinds down, the phases across. */
static void write_life_cycle(FILE *out)
{
    fprintf(out, "| Kind |");
    for (int phase = 0; phase < SCH_PHASE_COUNT; phase++)
        fprintf(out, " %s |", sch_code_name(SCH_SET_PHASE, phase));
    fprintf(out, "\n|---|");
    for (int phase = 0; phase < SCH_PHASE_COUNT; phase++)
        fprintf(out, "---|");
    fprintf(out, "\n");
    for (int kind = 1; kind < SCH_KIND_COUNT; kind++) {
        enum sch_direction direction = sch_kind_rule((enum sch_kind)kind)->direction;
        if (direction == SCH_DIRECTION_NONE || direction == SCH_DIRECTION_BROKER)
            continue;
        fprintf(out, "| %s |", sch_code_name(SCH_SET_KIND, kind));
        for (int phase = 0; phase < SCH_PHASE_COUNT; phase++)
            fprintf(out, " %s |", sch_step_cell((enum sch_phase)phase, SCH_EVENT_SUBMIT,
                                                (enum sch_kind)kind));
        fprintf(out, "\n");
    }
}

/* ---- documents ------------------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s cannot be read; run from the root of the project\n", path);
        exit(1);
    }
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    int c;
    while (memory != NULL && (c = fgetc(file)) != EOF)
        fputc(c, memory);
    fclose(file);
    if (memory == NULL || fclose(memory) != 0)
        exit(1);
    return text;
}

/* The hexadecimal lines of one value of the vectors, as the document shows them. */
static void write_vector(FILE *out, const char *vectors, const char *section, const char *name)
{
    char label[64];
    snprintf(label, sizeof label, "\n[%s]\n", section);
    const char *p = strstr(vectors, label);
    snprintf(label, sizeof label, "\n%s =", name);
    p = p == NULL ? NULL : strstr(p + 1, label);
    if (p == NULL) {
        fprintf(stderr, "%s: no %s in [%s]\n", VECTORS, name, section);
        exit(1);
    }
    p += strlen(label);
    fprintf(out, "```hex\n");
    size_t digits = 0;
    for (; *p != '\0' && !(*p == '\n' && p[1] != ' '); p++)
        if (*p != '\n' && *p != ' ')
            fprintf(out, "%c%s", *p, ++digits % 96 == 0 && p[1] != '\0' ? "\n" : "");
    fprintf(out, "%s```\n", digits % 96 == 0 ? "" : "\n");
}

static const struct block {
    const char *name;
    void (*write)(FILE *out);
    const char *section;                /* a value of the vectors instead */
} blocks[] = {
    { "kinds", write_kinds, NULL },
    { "sections", write_sections, NULL },
    { "facts", write_fact_types, NULL },
    { "codes", write_codes, NULL },
    { "events", write_events, NULL },
    { "limits", write_limits, NULL },
    { "rejections", write_rejections, NULL },
    { "expectations", write_expectations, NULL },
    { "life-cycle", write_life_cycle, NULL },
    { "header", NULL, "letter" },
    { "letter", NULL, "letter" },
    { "h", NULL, "letter" },
    { "signature", NULL, "letter" },
    { "seal", NULL, "letter" },
    { "hello", NULL, "exchange" },
    { "welcome", NULL, "exchange" },
    { "submit", NULL, "exchange" },
    { "receipt", NULL, "exchange" },
    { "rejection", NULL, "exchange" },
    { "attach", NULL, "exchange" },
    { "attached", NULL, "exchange" },
    { "delivery", NULL, "exchange" },
    { "settle", NULL, "exchange" },
    { "settled", NULL, "exchange" },
    { "status", NULL, "exchange" },
};
#define BLOCK_COUNT (sizeof blocks / sizeof *blocks)

static char *block_text(const struct block *block, const char *vectors)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        exit(1);
    if (block->write != NULL)
        block->write(out);
    else
        write_vector(out, vectors, block->section, block->name);
    if (fclose(out) != 0)
        exit(1);
    return text;
}

/* Finds the text between a block's marks; false when a mark is missing. */
static bool find_block(const char *document, const char *name, const char **begin, const char **end)
{
    char mark[80];
    snprintf(mark, sizeof mark, "<!-- begin %s -->\n", name);
    *begin = strstr(document, mark);
    if (*begin == NULL)
        return false;
    *begin += strlen(mark);
    snprintf(mark, sizeof mark, "<!-- end %s -->\n", name);
    *end = strstr(*begin, mark);
    return *end != NULL;
}

static int write_document(void)
{
    char *vectors = read_text(VECTORS);
    char *document = read_text(DOCUMENT);
    for (size_t i = 0; i < BLOCK_COUNT; i++) {
        const char *begin, *end;
        char *written = NULL;
        size_t size = 0;
        if (!find_block(document, blocks[i].name, &begin, &end)) {
            fprintf(stderr, "%s: no block %s\n", DOCUMENT, blocks[i].name);
            return 1;
        }
        char *text = block_text(&blocks[i], vectors);
        FILE *out = open_memstream(&written, &size);
        if (out == NULL)
            return 1;
        fprintf(out, "%.*s%s%s", (int)(begin - document), document, text, end);
        if (fclose(out) != 0)
            return 1;
        free(text);
        free(document);
        document = written;
    }
    FILE *out = fopen(DOCUMENT, "w");
    int failed = out == NULL || fputs(document, out) < 0 || fclose(out) != 0;
    free(document);
    free(vectors);
    return failed;
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static void the_tables_are_those_of_the_code(void **state)
{
    (void)state;
    char *vectors = read_text(VECTORS);
    char *document = read_text(DOCUMENT);
    for (size_t i = 0; i < BLOCK_COUNT; i++) {
        const char *begin, *end;
        if (!find_block(document, blocks[i].name, &begin, &end))
            fail_msg("%s: no block %s", DOCUMENT, blocks[i].name);
        char *text = block_text(&blocks[i], vectors);
        if (strlen(text) != (size_t)(end - begin) || memcmp(text, begin, strlen(text)) != 0)
            fail_msg("%s: block %s is not what the code says; test_protocol --write puts it right", DOCUMENT,
                     blocks[i].name);
        free(text);
    }
    free(document);
    free(vectors);
}

/* A limit that is added to limits.h must be added to the list above, and so to the document. */
static void every_limit_is_listed(void **state)
{
    (void)state;
    static const char listed[] =
#define LIMIT_NAME(NAME, what) " SCH_" #NAME " "
        LIMIT_LIST(LIMIT_NAME);
    char *text = read_text(LIMITS);
    size_t found = 0;
    for (const char *p = strstr(text, "#define SCH_"); p != NULL; p = strstr(p + 1, "\n#define SCH_")) {
        char name[64];
        p += *p == '\n';
        if (sscanf(p, "#define %60[A-Z0-9_]", name) == 1) {
            char word[64];
            snprintf(word, sizeof word, " %.60s ", name);
            if (strstr(listed, word) == NULL)
                fail_msg("%s is not in PROTOCOL.md", name);
            found++;
        }
    }
    assert_true(found > 20);
    free(text);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        return write_document();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_those_of_the_code),
        cmocka_unit_test(every_limit_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
