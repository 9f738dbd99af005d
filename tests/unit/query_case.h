/*
 * query_case.h: a stage, somebody who asks, and all that the pages showed. For the tests of queries.
 */
#ifndef SCH_TEST_QUERY_CASE_H
#define SCH_TEST_QUERY_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "id.h"
#include "stage.h"

#define START_MS INT64_C(1797840000000) /* Monday 2026-12-21 09:00 in Amsterdam */
#define DAY_MS INT64_C(86400000)
#define LINDE "agb:01000001"
#define POH "agb:01000001/poh-ggz"
#define BEUK "agb:01000002"
#define HAVEN "agb:94000001"
#define WEST "agb:06000002"
#define NOORD "agb:06000001"
#define ANGST "agb:06000001/angst"
#define STEMMING "agb:06000001/stemming"
#define UTRECHT "regio:utrecht/coordinator"
#define GOOI "regio:gooi/coordinator"
#define ROWS 2048

struct query_case {
    struct stage stage;
    struct sch_reply reply;
    struct sch_query query;
    uint8_t instance;
    size_t pages, count;                /* of one question: rows of whichever kind */
    struct sch_dossier_row dossier[ROWS];
    struct sch_unanswered_row unanswered[ROWS];
    struct sch_passed_row passed[ROWS];
    struct sch_age_row age[ROWS];
    struct sch_statistics_row statistics[ROWS];
    uint32_t open_total, overdue_total; /* as every page said */
};

static inline struct query_case *query_case_new(const struct sch_book *book)
{
    struct query_case *c = calloc(1, sizeof *c);

    assert_non_null(c);
    stage_open(&c->stage, book, START_MS);
    return c;
}

static inline void query_case_free(struct query_case *c)
{
    stage_close(&c->stage);
    free(c);
}

static inline void begin(struct query_case *c, enum sch_query_type type, const char *party, uint32_t limit)
{
    c->query = (struct sch_query){ .type = type, .limit = limit };
    assert_true(sch_address_set(&c->query.party, party));
    c->count = c->pages = 0;
}

/* One page; its rows are added to those that were seen. False: refused. */
static inline bool page(struct query_case *c, const char *key_id)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    size_t peer = stage_enter(&c->stage, key_id, 99);
    const struct sch_page *got = &c->reply.page;

    command.query = c->query;
    assert_true(stage_ask(&c->stage, peer, &command, &c->reply));
    if (c->reply.type == SCH_REPLY_REJECTION)
        return false;
    assert_int_equal(c->reply.type, SCH_REPLY_PAGE);
    for (size_t i = 0; i < got->dossier_count; i++)
        c->dossier[c->count++] = got->dossiers[i];
    for (size_t i = 0; i < got->unanswered_count; i++) {
        /* Above the limit only where the page's one dossier has more. */
        assert_true(i < c->query.limit ||
                    sch_id_equal(&got->unanswered[i].dossier, &got->unanswered[0].dossier));
        c->unanswered[c->count++] = got->unanswered[i];
    }
    for (size_t i = 0; i < got->passed_count; i++)
        c->passed[c->count++] = got->passed[i];
    for (size_t i = 0; i < got->age_count; i++)
        c->age[c->count++] = got->age[i];
    for (size_t i = 0; i < got->statistics_count; i++)
        c->statistics[c->count++] = got->statistics[i];
    assert_true(c->count < ROWS);
    if (c->pages++ > 0) {
        assert_int_equal(got->open_total, c->open_total);
        assert_int_equal(got->overdue_total, c->overdue_total);
    }
    c->open_total = got->open_total;
    c->overdue_total = got->overdue_total;
    c->query.cursor_size = got->cursor_size;
    memcpy(c->query.cursor, got->cursor, sizeof c->query.cursor);
    return true;
}

/* All pages; the number of rows. */
static inline size_t all(struct query_case *c, const char *key_id)
{
    do
        assert_true(page(c, key_id));
    while (c->query.cursor_size > 0);
    return c->count;
}

static inline void expect_refused(struct query_case *c, const char *key_id, enum sch_error_code code,
                                  const char *field)
{
    assert_false(page(c, key_id));
    assert_int_equal(c->reply.rejection.code, code);
    assert_string_equal(c->reply.rejection.field, field);
}

/* A message of this party's adapter; true when it was receipted. */
static inline bool post(struct query_case *c, struct stage_message *message, const char *key_id)
{
    size_t peer = stage_enter(&c->stage, key_id, 1);

    assert_true(stage_submit(&c->stage, peer, message, &c->reply));
    return c->reply.type == SCH_REPLY_RECEIPT;
}

static inline void refer(struct query_case *c, struct stage_message *message, const char *from,
                         const char *to)
{
    stage_referral(&c->stage, message, from, to);
    assert_true(post(c, message, sch_region_sim_named(from)->key_id));
}

/* Something on a dossier, with one fact; true when it was receipted. */
static inline bool say(struct query_case *c, const struct stage_message *referral, const char *from,
                       enum sch_kind kind, enum sch_fact fact, int64_t value, size_t letter)
{
    struct sch_header header = stage_header(&referral->header, kind, from);
    struct stage_message message;

    header.sections_known = letter > 0;
    header.sections = letter > 0 ? SCH_SECTION_ALL : 0;
    header.fact[fact] = value;
    stage_write(&c->stage, &message, &header, letter);
    return post(c, &message, sch_region_sim_named(from)->key_id);
}

#endif
