/*
 * oracle_statistics.c: how promises were kept and how old what is open is, counted again from the history; and what
 * is published of that tells of no group that is too small.
 *
 * PROTOCOL.md, "Queries"; the formulas stand in tests/year/figures.h. The broker answers from counts that it kept;
 * here every promise is looked at again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../year/figures.h"
#include "id.h"
#include "oracle.h"

#define SMALL 5                         /* the smallest group that is published */

enum outcome { OPEN, OVERDUE, WITHIN, LATE, WITHHELD, WAIVED, CANCELLED, OUTCOMES };

/* One promise in one group. month 0: all; an empty debtor: all. */
struct entry {
    uint32_t month;
    unsigned number;
    char debtor[SCH_ADDRESS_MAX + 1];
    enum outcome outcome;
    bool announced, incomplete, vague;
    uint32_t days;
};

struct entries {
    struct entry *entry;
    size_t count, room;
};

/* An organisation has its AGB alone; other addresses stand for themselves. */
static void organisation(const char *address, char name[SCH_ADDRESS_MAX + 1])
{
    strcpy(name, address);
    if (strncmp(name, "agb:", 4) == 0)
        name[strcspn(name, "/")] = '\0';
}

static bool is_owed(const struct told_promise *promise)
{
    return promise->standing == SCH_STANDING_OPEN || promise->standing == SCH_STANDING_INCOMPLETE;
}

/* ---- recounting --------------------------------------------------------------------------------- */

static void classify(const struct told_promise *promise, int32_t today, struct entry *entry)
{
    int32_t last = almanac_day_of(promise->due_ms - 1);

    entry->days = figures_days_between(promise->from_day, almanac_day_of(promise->ended_ms));
    switch (promise->standing) {
    case SCH_STANDING_CLOSED:
        entry->outcome = promise->ended_ms < promise->due_ms && !promise->beyond ? WITHIN : LATE;
        break;
    case SCH_STANDING_WITHHELD: entry->outcome = WITHHELD; break;
    case SCH_STANDING_WAIVED: entry->outcome = WAIVED; break;
    case SCH_STANDING_CANCELLED: entry->outcome = CANCELLED; break;
    default:
        entry->outcome = today > (last < promise->from_day ? promise->from_day : last) ? OVERDUE : OPEN;
        entry->days = figures_days_between(promise->from_day, today);
    }
}

static void add(struct entries *entries, const struct told_promise *promise, int32_t today)
{
    struct entry entry = { .number = oracle_shown(promise->number), .incomplete = promise->incomplete,
                           .vague = promise->vague };
    char debtor[SCH_ADDRESS_MAX + 1];

    if (entries->count + 4 > entries->room) {
        entries->room = entries->room == 0 ? 8192 : 2 * entries->room;
        entries->entry = realloc(entries->entry, entries->room * sizeof *entries->entry);
        assert(entries->entry != NULL);
    }
    classify(promise, today, &entry);
    entry.announced = promise->number == 4 && promise->due_ms > promise->norm_ms;
    organisation(promise->debtor.text, debtor);
    for (int i = 0; i < 4; i++) {
        entry.month = i % 2 == 0 ? 0 : (uint32_t)almanac_date(promise->from_day) / 100;
        strcpy(entry.debtor, i / 2 == 0 ? "" : debtor);
        entries->entry[entries->count++] = entry;
    }
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->month != y->month)
        return x->month < y->month ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->debtor, y->debtor);
}

static struct entries recount(const struct told *told, bool gooi)
{
    struct entries entries = { NULL, 0, 0 };
    int32_t today = almanac_day_of(sim_broker_ms(told->sim));

    for (size_t d = 0; d < told->sim->dossier_count; d++)
        if (oracle_sees(told, d, gooi))
            for (int i = told->dossier[d].first; i >= 0; i = told->promise[i].next)
                if (!told->dossier[d].purged || !is_owed(&told->promise[i]))
                    add(&entries, &told->promise[i], today);
    if (entries.count > 0)
        qsort(entries.entry, entries.count, sizeof *entries.entry, compare);
    return entries;
}

/* *judged: of how many the share is. */
static struct sch_statistics_row row_of(const struct entry *entry, size_t count, uint32_t *judged)
{
    struct sch_statistics_row row = { .expectation = entry->number, .month = entry->month, .count = (uint32_t)count };
    uint32_t answered[FIGURES_DAYS] = { 0 }, censored[FIGURES_DAYS] = { 0 }, number[OUTCOMES] = { 0 };

    strcpy(row.debtor.text, entry->debtor);
    for (size_t i = 0; i < count; i++) {
        number[entry[i].outcome]++;
        row.announced += entry[i].announced;
        row.incomplete += entry[i].incomplete;
        if (entry[i].outcome == WITHIN || entry[i].outcome == LATE)
            answered[entry[i].days]++;
        else
            censored[entry[i].days]++;
    }
    row.open = number[OPEN] + number[OVERDUE];
    row.within = number[WITHIN];
    row.late = number[LATE];
    row.withheld = number[WITHHELD];
    row.waived = number[WAIVED];
    row.cancelled = number[CANCELLED];
    *judged = row.within + row.late + number[OVERDUE];
    figures_share(row.within, *judged, &row);
    row.median_days = figures_waits_until(answered, censored, row.count, 0.5);
    row.p90_days = figures_waits_until(answered, censored, row.count, 0.1);
    return row;
}

/* ---- statistics --------------------------------------------------------------------------------- */

/* An E7 is moved by an intake too, which announces nothing: of those the count of announced waits is not made here. */
static bool same_row(const struct sch_statistics_row *want, const struct sch_statistics_row *have)
{
    return want->count == have->count && want->open == have->open && want->within == have->within &&
           want->late == have->late && want->withheld == have->withheld && want->waived == have->waived &&
           want->cancelled == have->cancelled && want->incomplete == have->incomplete &&
           (want->announced == have->announced || want->expectation == 7);
}

/* Of fewer than five a share is not published. */
static void leave_out(struct sch_statistics_row *row, uint32_t judged)
{
    if (judged < SMALL) {
        row->within_permille = row->low_permille = 0;
        row->high_permille = 1000;
    }
}

static bool same_figures(const struct sch_statistics_row *want, const struct sch_statistics_row *have)
{
    return figures_near(want->within_permille, have->within_permille) &&
           figures_near(want->low_permille, have->low_permille) &&
           figures_near(want->high_permille, have->high_permille) && want->median_days == have->median_days &&
           want->p90_days == have->p90_days;
}

static void hold_row(struct sim *sim, const struct sch_statistics_row *want, const struct sch_statistics_row *have,
                     bool vague)
{
    if (same_row(want, have) && (vague || same_figures(want, have)))
        return;
    sim_violation(sim, "statistics of E%u %u %s: %u: %u open, %u within, %u late, %u withheld, %u waived, %u cancelled, "
                       "%u announced, %u incomplete, %u (%u-%u), %u, %u days; must be %u: %u, %u, %u, %u, %u, %u, %u, "
                       "%u, %u (%u-%u), %u, %u",
                  have->expectation, have->month, have->debtor.text, have->count, have->open, have->within, have->late,
                  have->withheld, have->waived, have->cancelled, have->announced, have->incomplete,
                  have->within_permille, have->low_permille, have->high_permille, have->median_days, have->p90_days,
                  want->count, want->open, want->within, want->late, want->withheld, want->waived, want->cancelled,
                  want->announced, want->incomplete, want->within_permille, want->low_permille, want->high_permille,
                  want->median_days, want->p90_days);
}

/* Numbers of which some promise counts from a day that is not known here: their months are not told apart. */
static uint32_t vague_numbers(const struct entries *entries)
{
    uint32_t vague = 0;

    for (size_t i = 0; i < entries->count; i++)
        vague |= (uint32_t)entries->entry[i].vague << entries->entry[i].number;
    return vague;
}

/* Rows come in the order in which the entries are sorted; *at is where the last one ended. */
static void hold_page(struct sim *sim, const struct sch_page *page, const struct entries *entries, uint32_t vague,
                      bool published, size_t *at)
{
    for (size_t i = 0; i < page->statistics_count && sim->violations == 0; i++) {
        const struct sch_statistics_row *have = &page->statistics[i];
        struct entry group = { .month = have->month, .number = have->expectation };
        struct sch_statistics_row want;
        uint32_t judged;
        size_t end;

        strcpy(group.debtor, have->debtor.text);
        for (; *at < entries->count && compare(&entries->entry[*at], &group) < 0; ++*at)
            if ((vague >> entries->entry[*at].number & 1) == 0 || entries->entry[*at].month == 0)
                sim_violation(sim, "statistics lack E%u %u %s", entries->entry[*at].number, entries->entry[*at].month,
                              entries->entry[*at].debtor);
        for (end = *at; end < entries->count && compare(&entries->entry[end], &group) == 0; end++)
            ;
        if ((vague >> group.number & 1) == 0 || group.month == 0) {
            if (end == *at) {
                sim_violation(sim, "statistics of E%u %u %s are invented", group.number, group.month, group.debtor);
            } else if (!have->suppressed) {
                want = row_of(&entries->entry[*at], end - *at, &judged);
                if (published)
                    leave_out(&want, judged);
                hold_row(sim, &want, have, (vague >> group.number & 1) != 0);
            }
        }
        *at = end;
    }
}

/* Asks page by page; false when there was no answer. */
static bool next_page(struct sim *sim, size_t peer, struct sch_command *command, struct sch_reply *reply)
{
    if (!oracle_ask(sim, peer, command, reply) || reply->type != SCH_REPLY_PAGE) {
        sim_violation(sim, "a coordinator's question was not answered");
        return false;
    }
    command->query.cursor_size = reply->page.cursor_size;
    memcpy(command->query.cursor, reply->page.cursor, sizeof command->query.cursor);
    return true;
}

/* No group of 1 to 4 is shown, nor a part of one. */
static void check_published(struct sim *sim, const struct sch_statistics_row *row)
{
    const uint32_t part[] = { row->count, row->open, row->within, row->late, row->withheld, row->waived,
                              row->cancelled, row->announced, row->incomplete };

    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        if (part[i] > 0 && part[i] < SMALL)
            sim_violation(sim, "published: a group of %u of E%u %u %s", part[i], row->expectation, row->month,
                          row->debtor.text);
}

/* The whole table, as it is or as it is published. */
static void hold_table(struct sim *sim, size_t peer, struct sch_command *command, const struct entries *entries)
{
    uint32_t vague = vague_numbers(entries);
    struct sch_reply reply;
    size_t at = 0;

    do {
        if (!next_page(sim, peer, command, &reply))
            return;
        hold_page(sim, &reply.page, entries, vague, command->query.published, &at);
        for (size_t i = 0; i < reply.page.statistics_count && command->query.published; i++)
            check_published(sim, &reply.page.statistics[i]);
    } while (command->query.cursor_size > 0 && sim->violations == 0);
    for (; at < entries->count && sim->violations == 0; at++)
        if ((vague >> entries->entry[at].number & 1) == 0 || entries->entry[at].month == 0)
            sim_violation(sim, "statistics end before E%u %u %s", entries->entry[at].number,
                          entries->entry[at].month, entries->entry[at].debtor);
}

void oracle_statistics(struct told *told, size_t peer, const struct sch_address *party, bool gooi)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    struct entries entries = recount(told, gooi);

    command.query.type = SCH_QUERY_STATISTICS;
    command.query.party = *party;
    command.query.limit = SCH_PAGE_ROWS_MAX;
    hold_table(told->sim, peer, &command, &entries);
    command.query.published = true;
    if (told->sim->violations == 0)
        hold_table(told->sim, peer, &command, &entries);
    free(entries.entry);
}

/* ---- ages --------------------------------------------------------------------------------------- */

/* When the first dossier of its chain was opened. One that was deleted by then began nothing. */
static int64_t chain_ms(const struct told *told, size_t dossier)
{
    const struct sch_header *header = &told->sim->message[told->sim->dossier[dossier].opening].header;
    const struct sch_id *before = sch_id_is_none(&header->parent) ? &header->follows : &header->parent;
    int index = sch_id_is_none(before) ? -1 : sim_dossier_find(told->sim, before);

    return index < 0 || told->dossier[index].opened_ms == 0 ? told->dossier[dossier].opened_ms
                                                            : chain_ms(told, (size_t)index);
}

static bool is_open(const struct told *told, size_t dossier)
{
    for (int i = told->dossier[dossier].first; i >= 0 && !told->dossier[dossier].purged; i = told->promise[i].next)
        if (is_owed(&told->promise[i]))
            return true;
    return false;
}

/* The row of this name, recounted; an empty one: all together. */
static struct sch_age_row age_row(const struct told *told, bool gooi, enum sch_age_by by, const char *name)
{
    static const int32_t upto[] = { 7, 14, 28, 56 };
    struct sch_age_row row = { .total = 0 };
    int32_t today = almanac_day_of(sim_broker_ms(told->sim));

    for (size_t d = 0; d < told->sim->dossier_count; d++) {
        const struct sim_dossier *of = &told->sim->dossier[d];
        char own[SCH_ADDRESS_MAX + 1];
        size_t bucket = 0;

        if (!oracle_sees(told, d, gooi) || !is_open(told, d))
            continue;
        organisation(told->sim->mailbox[by == SCH_AGE_BY_RECEIVER ? of->receiver : of->referrer].address.text, own);
        if (name[0] != '\0' && strcmp(own, name) != 0)
            continue;
        while (bucket < 4 && today - almanac_day_of(chain_ms(told, d)) > upto[bucket])
            bucket++;
        row.bucket[bucket]++;
        row.total++;
    }
    return row;
}

static void check_age(const struct told *told, bool gooi, enum sch_age_by by, const struct sch_age_row *have)
{
    struct sch_age_row want = age_row(told, gooi, by, have->name);

    if (have->silence != SCH_SILENCE_NONE || have->suppressed)
        return;                         /* which of the silences, the worklist tells */
    if (want.total != have->total || memcmp(want.bucket, have->bucket, sizeof want.bucket) != 0)
        sim_violation(told->sim, "ages of '%s': %u: %u %u %u %u %u; must be %u: %u %u %u %u %u", have->name, have->total,
                      have->bucket[0], have->bucket[1], have->bucket[2], have->bucket[3], have->bucket[4], want.total,
                      want.bucket[0], want.bucket[1], want.bucket[2], want.bucket[3], want.bucket[4]);
}

/* Of a published table: what is hidden beside a total is not one group, nor fewer than five together. */
static void check_age_published(struct sim *sim, const struct sch_page *page)
{
    const struct sch_age_row *all = page->age;
    uint32_t shown = 0, hidden = 0;

    for (size_t i = 0; i < page->age_count; i++) {
        const struct sch_age_row *row = &page->age[i];

        for (size_t b = 0; b < SCH_AGE_BUCKETS; b++)
            if (row->bucket[b] > 0 && row->bucket[b] < SMALL)
                sim_violation(sim, "published: %u of '%s' are so old", row->bucket[b], row->name);
        if (row->total > 0 && row->total < SMALL)
            sim_violation(sim, "published: %u of '%s' are open", row->total, row->name);
        shown += i > 0 ? row->total : 0;
        hidden += i > 0 && row->total == 0;
    }
    if (all->total > 0 && hidden > 0 && (hidden == 1 || all->total - shown < SMALL))
        sim_violation(sim, "published: %u groups are hidden, and come to %u", hidden, all->total - shown);
}

/* A region of the simulation has no more names or silences than a page has rows. */
static void check_ages(const struct told *told, size_t peer, struct sch_command *command, bool gooi)
{
    struct sim *sim = told->sim;
    struct sch_reply reply;
    uint32_t rows = 0;

    command->query.published = false;
    if (!next_page(sim, peer, command, &reply))
        return;
    for (size_t i = 0; i < reply.page.age_count && sim->violations == 0; i++) {
        check_age(told, gooi, command->query.by, &reply.page.age[i]);
        rows += i > 0 ? reply.page.age[i].total : 0;
    }
    if (reply.page.age_count == 0 || reply.page.cursor_size > 0 || rows != reply.page.age[0].total)
        sim_violation(sim, "an age table whose rows come to %u", rows);
    command->query.published = true;
    if (sim->violations > 0 || !next_page(sim, peer, command, &reply))
        return;
    for (size_t i = 0; i < reply.page.age_count; i++)
        check_age(told, gooi, command->query.by, &reply.page.age[i]);
    check_age_published(sim, &reply.page);
}

void oracle_ages(struct told *told, size_t peer, const struct sch_address *party, bool gooi)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };

    command.query.type = SCH_QUERY_AGE;
    command.query.party = *party;
    command.query.limit = SCH_PAGE_ROWS_MAX;
    for (enum sch_age_by by = SCH_AGE_BY_RECEIVER; by <= SCH_AGE_BY_SILENCE && told->sim->violations == 0; by++) {
        command.query.by = by;
        check_ages(told, peer, &command, gooi);
    }
}
