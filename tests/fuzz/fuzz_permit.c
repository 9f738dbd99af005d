/*
 * fuzz_permit.c: any bytes as a region's table of permits.
 *
 * Held: what is accepted says yes to known kinds of message and party only, and to nobody who is not named;
 * written down again the plain way, it reads back as the same matrix. What is refused has a code, a place,
 * and was reported.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "shell/permit_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINE_MAX_SIZE 199
#define TEXT_SIZE (SCH_PARTY_COUNT * (SCH_KIND_COUNT + 1) * (LINE_MAX_SIZE + 1))

static char text[TEXT_SIZE];
static size_t used;

static void count_report(void *context, const char *line)
{
    assert(strncmp(line, "f.ini:", 6) == 0);
    (*(unsigned *)context)++;
}

__attribute__((format(printf, 1, 2)))
static void put(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(text + used, sizeof text - used, format, list);
    va_end(list);
    assert(size >= 0 && (size_t)size < sizeof text - used);
    used += (size_t)size;
}

static void put_kind(const struct sch_permits *permits, int sender, int kind)
{
    uint32_t bits = permits->allowed[sender][kind];
    if (bits == 0)
        return;
    assert(bits >> SCH_PARTY_COUNT == 0);
    put("%s =", sch_code_name(SCH_SET_KIND, kind));
    for (int receiver = 0; receiver < SCH_PARTY_COUNT; receiver++) {
        enum sch_party_kind to = (enum sch_party_kind)receiver;
        bool allowed = (bits >> receiver & 1) != 0;
        assert(sch_permit_allows(permits, (enum sch_party_kind)sender, (enum sch_kind)kind, to) == allowed);
        if (allowed)
            put("\n  %s", receiver == 0 ? "ledger" : sch_code_name(SCH_SET_PARTY, receiver));
    }
    put("\n");
}

static void check_written(const struct sch_permits *permits)
{
    static struct sch_permits again;
    sch_error error = SCH_ERROR_INIT;
    used = 0;
    for (int sender = 0; sender < SCH_PARTY_COUNT; sender++) {
        for (int kind = 0; kind < SCH_KIND_COUNT; kind++)
            assert((sender != 0 && kind != 0) || permits->allowed[sender][kind] == 0);
        if (sender > 0)
            put("[%s]\n", sch_code_name(SCH_SET_PARTY, sender));
        for (int kind = 1; sender > 0 && kind < SCH_KIND_COUNT; kind++)
            put_kind(permits, sender, kind);
    }
    int code = sch_permit_file_parse("f.ini", (const uint8_t *)text, used, &again, NULL, NULL, &error);
    if (code != SCH_OK || memcmp(permits, &again, sizeof again) != 0) {
        (void)fprintf(stderr, "%s\n%s", error.text, text);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sch_permits permits;
    sch_error error = SCH_ERROR_INIT;
    unsigned reports = 0;
    int code = sch_permit_file_parse("f.ini", data, size, &permits, count_report, &reports, &error);
    assert((int)error.code == code && (code != SCH_OK) == (reports > 0));
    if (code == SCH_OK)
        check_written(&permits);
    else
        assert((code == SCH_E_NORM_FORMAT || code == SCH_E_CONFIG) && strncmp(error.text, "f.ini:", 6) == 0);
    return 0;
}
