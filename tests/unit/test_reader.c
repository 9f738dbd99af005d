/*
 * test_reader.c: the reader with its thread: what is put comes back in order, and what is too much is
 * refused.
 *
 * The thread of production over the store in memory, which one thread at a time may use: nothing is written
 * while jobs wait. Waiting is always for a job that must come back.
 */
#include "shell/reader.c"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#include "stage.h"

#define START_MS INT64_C(1797840000000) /* Monday 2026-12-21 09:00 in Amsterdam */
#define LIMIT_MS 20000
#define LINDE "agb:01000001"

static struct sch_book *book;

struct fixture {
    struct stage stage;
    struct sch_net *net;                /* of the reader alone */
    struct sch_reader *reader;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    sch_error error = SCH_ERROR_INIT;
    size_t peer;

    assert_non_null(f);
    stage_open(&f->stage, book, START_MS);
    peer = stage_enter(&f->stage, "linde", 1);
    for (int i = 0; i < 30; i++) {
        struct stage_message message;
        struct sch_reply reply;

        stage_referral(&f->stage, &message, "linde", i % 2 == 0 ? "haven" : "west");
        assert_true(stage_submit(&f->stage, peer, &message, &reply));
        assert_int_equal(reply.type, SCH_REPLY_RECEIPT);
        stage_pass(&f->stage, 1000);
    }
    f->net = sch_net_sim_new();
    assert_int_equal(sch_reader_open(&f->reader, f->stage.store, f->net, &error), SCH_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sch_reader_close(f->reader);
    sch_net_sim_free(f->net);
    stage_close(&f->stage);
    free(f);
    return 0;
}

static struct sch_reader_job job_of(const struct fixture *f, uint8_t peer, uint64_t request,
                                    enum sch_query_type type)
{
    struct sch_reader_job job = { .peer = { .size = 1, .bytes = { peer } }, .request = request,
                                  .now_ms = stage_now_ms(&f->stage) };

    job.permit.query.type = type;
    job.permit.query.limit = 10;
    job.permit.query.by = SCH_AGE_BY_RECEIVER;
    job.permit.party = *sch_book_party(book, LINDE);
    job.permit.query.party = job.permit.party.address;
    return job;
}

static struct sch_reader_job *wait_for(struct sch_reader *reader)
{
    static const struct timespec step = { 0, 1000000 };
    struct sch_reader_job *job = sch_reader_take(reader);

    for (int i = 0; job == NULL && i < LIMIT_MS; i++) {
        (void)nanosleep(&step, NULL);
        job = sch_reader_take(reader);
    }
    assert_non_null(job);
    return job;
}

static void test_in_order_and_whole(void **state)
{
    static const enum sch_query_type types[] = { SCH_QUERY_UNANSWERED, SCH_QUERY_DOSSIERS, SCH_QUERY_AGE,
                                                 SCH_QUERY_MAILBOX };
    struct fixture *f = *state;

    for (uint64_t i = 0; i < 40; i++) {
        struct sch_reader_job job = job_of(f, (uint8_t)(i % 5), i, types[i % 4]);

        assert_int_equal(sch_reader_put(f->reader, &job), SCH_OK);
        memset(&job, 0xa5, sizeof job);         /* it holds copies */
    }
    assert_int_equal(sch_reader_pending(f->reader), 40);
    for (uint64_t i = 0; i < 40; i++) {
        struct sch_reader_job *job = wait_for(f->reader);

        assert_int_equal(job->request, i);
        assert_int_equal(job->peer.bytes[0], i % 5);
        assert_int_equal(job->code, SCH_OK);
        assert_int_equal(job->page.unanswered_count > 0, i % 4 == 0);
        assert_int_equal(job->page.dossier_count, i % 4 == 1 ? 10 : 0);
        assert_int_equal(job->page.age_count, i % 4 == 2 ? 3 : 0);
        if (i % 4 == 2)
            assert_int_equal(job->page.age[0].total, 30);
        sch_reader_free(job);
    }
    assert_int_equal(sch_reader_pending(f->reader), 0);
    assert_null(sch_reader_take(f->reader));
}

/* What counts is what was not taken back, however fast the thread is. */
static void test_no_more_than_there_is_room_for(void **state)
{
    struct fixture *f = *state;
    struct sch_reader_job job;

    for (uint64_t i = 0; i < SCH_READER_PEER_JOBS_MAX; i++) {
        job = job_of(f, 1, i, SCH_QUERY_DOSSIERS);
        assert_int_equal(sch_reader_put(f->reader, &job), SCH_OK);
    }
    /* One peer has its share; another has not. */
    assert_int_equal(sch_reader_put(f->reader, &job), SCH_E_BROKER_BUSY);
    for (uint64_t i = SCH_READER_PEER_JOBS_MAX; i < SCH_READER_JOBS_MAX; i++) {
        job = job_of(f, (uint8_t)(10 + i), i, SCH_QUERY_DOSSIERS);
        assert_int_equal(sch_reader_put(f->reader, &job), SCH_OK);
    }
    job = job_of(f, 9, 99, SCH_QUERY_DOSSIERS);
    assert_int_equal(sch_reader_put(f->reader, &job), SCH_E_BROKER_BUSY);
    assert_int_equal(sch_reader_pending(f->reader), SCH_READER_JOBS_MAX);
    sch_reader_free(wait_for(f->reader));
    assert_int_equal(sch_reader_put(f->reader, &job), SCH_OK);
    assert_int_equal(sch_reader_put(f->reader, &job), SCH_E_BROKER_BUSY);
    for (uint64_t i = 1; i < SCH_READER_JOBS_MAX; i++) {
        struct sch_reader_job *done = wait_for(f->reader);

        assert_int_equal(done->request, i);
        sch_reader_free(done);
    }
}

/* tear_down closes with jobs in every state: waiting, perhaps running, done. */
static void test_closing_with_jobs(void **state)
{
    struct fixture *f = *state;

    for (uint64_t i = 0; i < SCH_READER_JOBS_MAX; i++) {
        struct sch_reader_job job = job_of(f, (uint8_t)i, i, SCH_QUERY_UNANSWERED);

        assert_int_equal(sch_reader_put(f->reader, &job), SCH_OK);
    }
}

static void test_closing_without_any(void **state)
{
    sch_reader_close(NULL);
    sch_reader_free(NULL);
    (void)state;
}

/* Counting ends where it is when the broker stops. */
static void test_a_long_one_stops(void **state)
{
    static const enum sch_query_type types[] = { SCH_QUERY_UNANSWERED, SCH_QUERY_AGE, SCH_QUERY_STATISTICS };
    struct fixture *f = *state;
    atomic_bool stop;

    atomic_init(&stop, true);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct sch_reader_job job = job_of(f, 1, 1, types[i]), *copy = sch_reader_job_new(&job);

        sch_reader_job_run(copy, f->stage.store, &stop);
        assert_int_equal(copy->code, SCH_E_STOPPING);
        sch_reader_free(copy);
    }
}

static void test_a_dossier_that_went_meanwhile(void **state)
{
    struct fixture *f = *state;
    struct sch_reader_job job = job_of(f, 1, 1, SCH_QUERY_DOSSIER), *done;

    job.permit.dossier.bytes[0] = 1;
    assert_int_equal(sch_reader_put(f->reader, &job), SCH_OK);
    done = wait_for(f->reader);
    assert_int_equal(done->code, SCH_E_UNKNOWN_DOSSIER);
    sch_reader_free(done);
}

static int group_set_up(void **state)
{
    (void)state;
    book = sch_region_sim_book();
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    sch_region_sim_book_free(book);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_in_order_and_whole), TEST(test_no_more_than_there_is_room_for),
        TEST(test_closing_with_jobs),  TEST(test_closing_without_any),
        TEST(test_a_long_one_stops),   TEST(test_a_dossier_that_went_meanwhile),
    };

    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
