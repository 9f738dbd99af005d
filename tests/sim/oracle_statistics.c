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

static void add(struct figures *figures, const struct told_promise *promise, int32_t today)
{
    struct figures_entry entry = { .number = oracle_shown(promise->number), .incomplete = promise->incomplete,
                                   .vague = promise->vague };
    struct figures_end end = { .standing = promise->standing, .from_day = promise->from_day,
                               .ended_ms = promise->ended_ms, .due_ms = promise->due_ms, .beyond = promise->beyond };

    entry.announced = promise->number == 4 && promise->due_ms > promise->norm_ms;
    organisation(promise->debtor.text, entry.debtor);
    figures_enter(figures, entry, &end, today);
}

static struct figures recount(const struct told *told, bool gooi)
{
    struct figures figures = { NULL, 0, 0 };
    int32_t today = almanac_day_of(sim_broker_ms(told->sim));

    for (size_t d = 0; d < told->sim->dossier_count; d++)
        if (oracle_sees(told, d, gooi))
            for (int i = told->dossier[d].first; i >= 0; i = told->promise[i].next)
                if (!told->dossier[d].purged || !is_owed(&told->promise[i]))
                    add(&figures, &told->promise[i], today);
    figures_sort(&figures);
    return figures;
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
static uint32_t vague_numbers(const struct figures *figures)
{
    uint32_t vague = 0;

    for (size_t i = 0; i < figures->count; i++)
        vague |= (uint32_t)figures->entry[i].vague << figures->entry[i].number;
    return vague;
}

/* Rows come in the order in which the entries are sorted; *at is where the last one ended. */
static void hold_page(struct sim *sim, const struct sch_page *page, const struct figures *figures, uint32_t vague,
                      bool published, size_t *at)
{
    for (size_t i = 0; i < page->statistics_count && sim->violations == 0; i++) {
        const struct sch_statistics_row *have = &page->statistics[i];
        struct figures_entry group = { .month = have->month, .number = have->expectation };
        struct sch_statistics_row want;
        uint32_t judged;
        size_t end;

        strcpy(group.debtor, have->debtor.text);
        for (; *at < figures->count && figures_order(&figures->entry[*at], &group) < 0; ++*at)
            if ((vague >> figures->entry[*at].number & 1) == 0 || figures->entry[*at].month == 0)
                sim_violation(sim, "statistics lack E%u %u %s", figures->entry[*at].number, figures->entry[*at].month,
                              figures->entry[*at].debtor);
        for (end = *at; end < figures->count && figures_order(&figures->entry[end], &group) == 0; end++)
            ;
        if ((vague >> group.number & 1) == 0 || group.month == 0) {
            if (end == *at) {
                sim_violation(sim, "statistics of E%u %u %s are invented", group.number, group.month, group.debtor);
            } else if (!have->suppressed) {
                want = figures_row(&figures->entry[*at], end - *at, &judged);
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
static void hold_table(struct sim *sim, size_t peer, struct sch_command *command, const struct figures *figures)
{
    uint32_t vague = vague_numbers(figures);
    struct sch_reply reply;
    size_t at = 0;

    do {
        if (!next_page(sim, peer, command, &reply))
            return;
        hold_page(sim, &reply.page, figures, vague, command->query.published, &at);
        for (size_t i = 0; i < reply.page.statistics_count && command->query.published; i++)
            check_published(sim, &reply.page.statistics[i]);
    } while (command->query.cursor_size > 0 && sim->violations == 0);
    for (; at < figures->count && sim->violations == 0; at++)
        if ((vague >> figures->entry[at].number & 1) == 0 || figures->entry[at].month == 0)
            sim_violation(sim, "statistics end before E%u %u %s", figures->entry[at].number,
                          figures->entry[at].month, figures->entry[at].debtor);
}

void oracle_statistics(struct told *told, size_t peer, const struct sch_address *party, bool gooi)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    struct figures figures = recount(told, gooi);

    command.query.type = SCH_QUERY_STATISTICS;
    command.query.party = *party;
    command.query.limit = SCH_PAGE_ROWS_MAX;
    hold_table(told->sim, peer, &command, &figures);
    command.query.published = true;
    if (told->sim->violations == 0)
        hold_table(told->sim, peer, &command, &figures);
    free(figures.entry);
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
