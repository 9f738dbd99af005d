/* test_client_reconcile.c: an application's list against what the broker says that passed. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <scharnier/client.h>

#include "broker_fake.h"
#include "client_world.h"

#define LIMIT_MS 20000
#define FOUND_MAX 32

struct finding {
    sch_finding what;
    uint8_t id;                         /* its first byte */
    bool ours, theirs;
};

struct fixture {
    struct sch_client_world world;
    struct sch_fake_broker broker;
    sch_client *client;
    sch_error error;
    struct finding found[FOUND_MAX];
    size_t count;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return 1;
    sch_client_world_init(&f->world);
    sch_fake_start(&f->broker, &f->world);
    f->client = sch_open(sch_client_world_config(&f->world, "practice", f->broker.endpoint, NULL), &f->error);
    *state = f;
    return f->client == NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sch_close(f->client);
    sch_fake_stop(&f->broker);
    sch_client_world_close(&f->world);
    free(f);
    return 0;
}

static void each(void *context, sch_finding what, const sch_passed *ours, const struct sch_passed_row *theirs)
{
    struct fixture *f = context;
    assert_true(f->count < FOUND_MAX);
    assert_true(ours || theirs);
    f->found[f->count++] = (struct finding){ what, ours ? ours->id.bytes[0] : theirs->message.bytes[0],
                                             ours != NULL, theirs != NULL };
}

static sch_finding finding_of(const struct fixture *f, uint8_t id)
{
    sch_finding what = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (f->found[i].id == id) {
            assert_int_equal(what, 0);          /* each once */
            what = f->found[i].what;
        }
    }
    return what;
}

static struct sch_passed_row row(uint8_t id, enum sch_passed_role role, uint8_t hash)
{
    struct sch_passed_row made = { .message = { { id } }, .dossier = { { id } }, .kind = SCH_KIND_REFERRAL,
                                   .role = role, .state = SCH_DELIVERY_STORED, .stored_ms = 1790000000000 };
    strcpy(made.kenmerk, "SN-7F3K-29QD");
    strcpy(made.sender.text, WORLD_PRACTICE);
    memset(made.hash, hash, sizeof made.hash);
    return made;
}

static sch_passed entry(uint8_t id, enum sch_passed_role role, int hash)
{
    sch_passed made = { .id = { { id } }, .role = role, .has_hash = hash >= 0, .found = true };
    memset(made.hash, hash, sizeof made.hash);
    return made;
}

static void test_what_either_side_lacks(void **state)
{
    struct fixture *f = *state;
    const struct sch_passed_row rows[] = {
        row(1, SCH_PASSED_SENT, 'a'), row(2, SCH_PASSED_RECEIVED, 'b'), row(3, SCH_PASSED_SENT, 'c'),
        row(4, SCH_PASSED_RECEIVED, 'd'), row(5, SCH_PASSED_RECEIVED, 0),
    };
    sch_passed list[] = {
        entry(9, SCH_PASSED_SENT, -1), entry(4, SCH_PASSED_RECEIVED, 'x'), entry(1, SCH_PASSED_SENT, 'a'),
        entry(5, SCH_PASSED_RECEIVED, 'e'), entry(2, SCH_PASSED_RECEIVED, -1), entry(2, SCH_PASSED_SENT, -1),
        entry(1, SCH_PASSED_SENT, 'a'), entry(9, SCH_PASSED_SENT, -1),
    };
    sch_fake_lock(&f->broker);
    f->broker.passed = rows;
    f->broker.passed_count = sizeof rows / sizeof *rows;
    sch_fake_unlock(&f->broker);
    assert_int_equal(sch_reconcile(f->client, NULL, 0, 0, list, sizeof list / sizeof *list, each, f, LIMIT_MS,
                                   &f->error), SCH_OK);
    assert_int_equal(finding_of(f, 1), SCH_KNOWN);
    assert_int_equal(finding_of(f, 3), SCH_MISSING_HERE);
    assert_int_equal(finding_of(f, 4), SCH_HASH_DIFFERS);
    assert_int_equal(finding_of(f, 5), SCH_KNOWN);      /* made by the broker: it has no hash */
    assert_int_equal(finding_of(f, 9), SCH_MISSING_THERE);
    /* Received as the list says, but never sent by this mailbox. */
    assert_int_equal(f->count, 7);
    unsigned known = 0, lacking = 0;
    for (size_t i = 0; i < f->count; i++) {
        known += f->found[i].id == 2 && f->found[i].what == SCH_KNOWN;
        lacking += f->found[i].id == 2 && f->found[i].what == SCH_MISSING_THERE;
        assert_int_equal(f->found[i].ours, f->found[i].what != SCH_MISSING_HERE);
        assert_int_equal(f->found[i].theirs, f->found[i].what != SCH_MISSING_THERE);
    }
    assert_int_equal(known, 1);
    assert_int_equal(lacking, 1);
}

static void test_nothing_and_nonsense(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sch_reconcile(f->client, WORLD_POH, 1, 2, NULL, 0, each, f, LIMIT_MS, &f->error),
                     SCH_OK);
    assert_int_equal(f->count, 0);
    sch_passed nobody = entry(1, SCH_PASSED_SENT, 1);
    nobody.role = 0;
    assert_int_equal(sch_reconcile(f->client, NULL, 0, 0, &nobody, 1, each, f, LIMIT_MS, &f->error),
                     SCH_E_USAGE);
    assert_int_equal(sch_reconcile(f->client, "nobody", 0, 0, NULL, 0, each, f, LIMIT_MS, &f->error),
                     SCH_E_USAGE);
    assert_int_equal(sch_reconcile(f->client, NULL, 0, 0, NULL, 0, NULL, f, LIMIT_MS, &f->error),
                     SCH_E_USAGE);
    sch_fake_lock(&f->broker);
    f->broker.deaf = true;
    sch_fake_unlock(&f->broker);
    assert_int_not_equal(sch_reconcile(f->client, NULL, 0, 0, NULL, 0, each, f, 500, &f->error), SCH_OK);
    assert_int_equal(f->count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_what_either_side_lacks), TEST(test_nothing_and_nonsense) };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("client reconcile", tests, NULL, NULL);
}
