/*
 * fuzz_norm.c: any bytes as a region's norms, and a day on which they are applied.
 *
 * The first two bytes choose the day, 2000 to 2089; the rest is the file. Held: rows that are accepted keep
 * to norm.h; every one of them finds a due that lies ahead, whose reminder comes before; written down again
 * the plain way, they read back as the same norms, so that they are named, sorted and stand once. What is
 * refused has a code, a place, and was reported.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "names.h"
#include "shell/norm_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIRST_DAY 10957                 /* 2000-01-01 */
#define DAY_COUNT 32872                 /* up to the end of 2089 */
#define TEXT_SIZE (1024 * 1024)

static struct sch_norms norms, again;

static void count_report(void *context, const char *line)
{
    assert(strncmp(line, "f.ini:", 6) == 0);
    (*(unsigned *)context)++;
}

/* ---- what is accepted ---------------------------------------------------------------------------- */

static void check_row(const struct sch_norm *row)
{
    assert(row->expectation >= 1 && row->expectation < SCH_EXPECTATION_COUNT);
    assert(row->variant < SCH_VARIANT_COUNT && row->version > 0 && row->id[0] != '\0');
    assert(row->since_day >= FIRST_DAY && (row->scope == SCH_SCOPE_NATIONAL) == (row->where[0] == '\0'));
    assert(row->scope != SCH_SCOPE_PROVIDER || sch_address_valid(row->where));
    if (row->enabled)
        assert(row->term >= 1 && row->term <= 9999 && row->unit != SCH_UNIT_NONE && row->source[0] != '\0');
}

/* Who asks where the row says so, gets a row at least as narrow, and a due ahead. */
static void apply_row(const struct sch_norm *row, int32_t day)
{
    const char *region = row->scope == SCH_SCOPE_REGION ? row->where : "elders";
    const char *provider = row->scope == SCH_SCOPE_PROVIDER ? row->where : NULL;
    const struct sch_norm *found =
        sch_norm_find(&norms, row->expectation, row->variant, region, provider, day);
    const struct sch_calendar *calendar = sch_norm_calendar(&norms, region);
    int64_t from_ms = sch_ms_of_day(day) + 36000000;

    if (found == NULL)
        return;
    assert(found->enabled && found->since_day <= day && found->expectation == row->expectation);
    assert(found->scope >= row->scope || row->since_day > day);
    int64_t due_ms = sch_due_ms(calendar, from_ms, found->term, found->unit);
    int64_t remind_ms = sch_norm_remind_ms(calendar, from_ms, found->term, found->unit);
    assert(due_ms > from_ms);
    assert(remind_ms == 0 || (remind_ms > from_ms && remind_ms < due_ms));
}

static void check_norms(int32_t day)
{
    assert(norms.count <= SCH_NORMS_MAX && norms.calendar_count <= SCH_REGIONS_MAX);
    for (size_t i = 0; i < norms.count; i++) {
        check_row(&norms.row[i]);
        apply_row(&norms.row[i], day);
    }
    for (size_t i = 0; i < norms.calendar_count; i++) {
        const struct sch_region_calendar *at = &norms.calendar[i];
        assert(at->calendar.added_count <= SCH_CALENDAR_DAYS_MAX);
        assert(sch_norm_calendar(&norms, at->region) == &at->calendar);
        int32_t next = sch_add_working_days(&at->calendar, day, 3);
        assert(next > day && sch_is_working_day(&at->calendar, next));
    }
    for (size_t i = 0; i < SCH_KIND_COUNT; i++)
        assert((norms.required[i].sections & ~(uint32_t)SCH_SECTION_ALL) == 0);
}

/* ---- written down again -------------------------------------------------------------------------- */

struct page {
    char *text;
    size_t used;
};

__attribute__((format(printf, 2, 3)))
static void put(struct page *page, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(page->text + page->used, TEXT_SIZE - page->used, format, list);
    va_end(list);
    assert(size >= 0 && (size_t)size < TEXT_SIZE - page->used);
    page->used += (size_t)size;
}

static void put_date(struct page *page, const char *name, int32_t day)
{
    int32_t date = sch_date_from_day(day);
    put(page, "%s%04d-%02d-%02d\n", name, date / 10000, date / 100 % 100, date % 100);
}

static void put_days(struct page *page, const char *name, const int32_t *days, size_t count)
{
    if (count > 0)
        put(page, "%s =\n", name);
    for (size_t i = 0; i < count; i++)
        put_date(page, "  ", days[i]);
}

/* Sections of one name are told apart by nothing but their since: each begins anew. No blank stands before a text:
 * behind one, a ";" that it begins with would begin a comment. */
static void put_row(struct page *page, const struct sch_norm *row)
{
    static const char *const scopes[] = { "", " region ", " provider " };
    const char *variant = sch_norm_file_variant(row->variant);
    put(page, "[E%u%s%s%s%s]\n", row->expectation, variant[0] != '\0' ? "." : "", variant, scopes[row->scope],
        row->where);
    put(page, "id =%s\nenabled = %s\n", row->id, row->enabled ? "yes" : "no");
    if (row->term != 0)
        put(page, "term = %u\n", row->term);
    if (row->unit != SCH_UNIT_NONE)
        put(page, "unit = %s\n", sch_norm_file_unit(row->unit));
    put_date(page, "since = ", row->since_day);
    if (row->source[0] != '\0')
        put(page, "source =%s\n", row->source);
}

static void put_all(struct page *page)
{
    put(page, "[norms]\nid = f\nversion = %u\n", norms.count > 0 ? norms.row[0].version : 1);
    for (size_t i = 0; i < norms.count; i++)
        put_row(page, &norms.row[i]);
    for (size_t i = 0; i < norms.calendar_count; i++) {
        put(page, "[calendar %s]\n", norms.calendar[i].region);
        put_days(page, "add", norms.calendar[i].calendar.added, norms.calendar[i].calendar.added_count);
        put_days(page, "drop", norms.calendar[i].calendar.dropped, norms.calendar[i].calendar.dropped_count);
    }
    for (size_t kind = 1; kind < SCH_KIND_COUNT; kind++) {
        const struct sch_required *required = &norms.required[kind];
        if (required->sections == 0 && !required->demanded)
            continue;
        put(page, "[sections %s]\ndemanded = %s\nrequired =\n", sch_code_name(SCH_SET_KIND, (int64_t)kind),
            required->demanded ? "yes" : "no");
        for (unsigned bit = 0; bit < 32; bit++)
            if ((required->sections >> bit & 1) != 0)
                put(page, "  %s,\n", sch_section_name(bit));
    }
}

static void check_written(void)
{
    static char text[TEXT_SIZE];
    struct page page = { text, 0 };
    sch_error error = SCH_ERROR_INIT;
    put_all(&page);
    int code = sch_norm_file_parse("f.ini", (const uint8_t *)text, page.used, &again, NULL, NULL, &error);
    if (code != SCH_OK || memcmp(&norms, &again, sizeof norms) != 0) {
        (void)fprintf(stderr, "%s\n%s", error.text, text);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sch_error error = SCH_ERROR_INIT;
    unsigned reports = 0;
    if (size < 2)
        return 0;
    int32_t day = FIRST_DAY + (data[0] << 8 | data[1]) % DAY_COUNT;
    int code = sch_norm_file_parse("f.ini", data + 2, size - 2, &norms, count_report, &reports, &error);
    assert((int)error.code == code && (code != SCH_OK) == (reports > 0));
    if (code != SCH_OK) {
        assert(code == SCH_E_NORM_FORMAT || code == SCH_E_CONFIG);
        assert(strncmp(error.text, "f.ini:", 6) == 0);
        return 0;
    }
    check_norms(day);
    check_written();
    return 0;
}
