/*
 * power.c: does a power cut lose what was promised?
 *
 * The real turn works on the real LMDB store while disk.c notes each write and sync. Then every image that a cut
 * could have left is made: after each write and each sync, with the writes that no sync covers there, gone, drawn
 * at random, and torn. Each image must open, pass the check of the store, and hold every message that had a
 * receipt by then and every settlement that was answered. With --without-syncs the syncs are ignored in making
 * images: then bad ones must be found, or this program sees nothing.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "power.h"
#include "shell/record.h"
#include "shell/store_lmdb.h"
#include "stage.h"

#define START_MS INT64_C(1772438400000)     /* 2026-03-02 09:00 in Amsterdam */
#define PROMISES_MAX 4096
#define HAVEN "agb:94000001"
#define LETTER_BLOCKS_MAX 48           /* of 512 bytes */

/* Something that somebody was told, and how many writes and syncs there were by then. */
struct promise {
    size_t moment;
    struct sch_id message;
    bool collected;                     /* by HAVEN; else: stored */
};

static struct promise promises[PROMISES_MAX];
static size_t promise_count;

struct totals {
    size_t images, bad, at_mercy;
};

/* ---- the work ----------------------------------------------------------------------------------- */

static void promised(const struct sch_id *message, bool collected)
{
    assert(promise_count < PROMISES_MAX);
    promises[promise_count++] = (struct promise){ disk_moments(), *message, collected };
}

static void send(struct stage *stage, size_t peer, const struct stage_message *message)
{
    struct sch_reply reply;
    bool answered = stage_submit(stage, peer, message, &reply);
    assert(answered && reply.type == SCH_REPLY_RECEIPT);
    promised(&message->header.id, false);
}

static void collect(struct stage *stage, size_t haven)
{
    for (size_t i = 0; i < stage->delivery_count; i++) {
        struct stage_delivery *delivery = &stage->delivery[i];
        struct sch_reply reply;
        if (delivery->settled || delivery->peer != haven)
            continue;
        bool answered =
            stage_settle(stage, haven, HAVEN, &delivery->header.id, SCH_VERDICT_COLLECTED, &reply);
        assert(answered && reply.type == SCH_REPLY_SETTLED);
        delivery->settled = true;
        promised(&delivery->header.id, true);
    }
    stage->delivery_count = 0;
}

/* One referral, mostly collected, sometimes answered; now and then the days go by and dues fire. */
static void one_round(struct stage *stage)
{
    struct stage_message referral, answer;
    struct sch_header header;
    struct sch_reply reply;
    size_t linde = stage_enter(stage, "linde", 1);
    size_t haven = stage_enter(stage, "haven", 1);
    bool attached = stage_attach(stage, haven, HAVEN, 16, &reply);
    assert(attached);
    stage_referral(stage, &referral, "linde", "haven");
    header = referral.header;
    stage_write(stage, &referral, &header, 512 + 512 * (size_t)sch_prng_below(&stage->prng, LETTER_BLOCKS_MAX));
    send(stage, linde, &referral);
    stage_drain(stage, haven);
    if (sch_prng_chance(&stage->prng, 700))
        collect(stage, haven);
    if (sch_prng_chance(&stage->prng, 400)) {
        header = stage_header(&referral.header, SCH_KIND_ACCEPTANCE, "haven");
        stage_write(stage, &answer, &header, 0);
        send(stage, haven, &answer);
    }
    if (sch_prng_chance(&stage->prng, 100))
        stage_pass(stage, INT64_C(86400000) * (1 + (int64_t)sch_prng_below(&stage->prng, 6)));
}

static void work(size_t rounds, uint64_t seed, const struct sch_book *book)
{
    struct stage stage;
    char path[256];
    stage_open(&stage, book, START_MS);
    stage.prng.state = seed;
    snprintf(path, sizeof path, "%s/data.mdb", power_directory);
    disk_note(path);
    for (size_t i = 0; i < rounds; i++)
        one_round(&stage);
    stage_close(&stage);
}

/* ---- judging an image --------------------------------------------------------------------------- */

static bool holds(struct sch_store *store, const struct promise *promise)
{
    static uint8_t value[SCH_RECORD_MESSAGE_MAX];
    struct sch_record_key key = sch_record_key_id(&promise->message);
    struct sch_message_row row;
    size_t size = 0;
    if (sch_store_get(store, SCH_TABLE_MESSAGE, sch_record_key_bytes(&key), value, sizeof value, &size) !=
            SCH_STORE_OK ||
        sch_record_message_decode((struct sch_bytes){ value, size }, &row) != SCH_OK)
        return false;
    for (size_t i = 0; i < row.recipient_count && promise->collected; i++)
        if (strcmp(row.recipient[i].address.text, HAVEN) == 0)
            return row.recipient[i].state == SCH_DELIVERY_COLLECTED;
    return !promise->collected;
}

/* NULL when the image is good, or what is wrong with it. */
static const char *judge(const char *directory, size_t moment)
{
    struct sch_store_options options = { .path = directory, .map_size = 64 << 20, .create = false };
    struct sch_store_counts counts;
    struct sch_store *store = NULL;
    static sch_error error;
    const char *wrong = NULL;
    error = (sch_error)SCH_ERROR_INIT;
    if (sch_store_verify(directory, &counts, &error) != SCH_OK ||
        sch_store_open(&store, &options, &error) != SCH_OK)
        return error.text;
    for (size_t i = 0; i < promise_count && wrong == NULL; i++)
        if (promises[i].moment < moment && !holds(store, &promises[i]))
            wrong = promises[i].collected ? "a settlement that was answered is lost" : "a receipted message is lost";
    sch_store_close(store);
    return wrong;
}

/* In a process of its own, for a file that was cut short kills its reader with SIGBUS: that is bad, too. */
static bool is_good(const char *directory, size_t moment, enum disk_cut cut, bool quiet)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (quiet && freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        const char *wrong = judge(directory, moment);
        if (wrong != NULL && !quiet)
            printf("power: after %zu writes and syncs, cut %d: %s\n", moment, (int)cut, wrong);
        fflush(stdout);
        _exit(wrong != NULL);
    }
    assert(child > 0);
    pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    if (WIFSIGNALED(status) && !quiet)
        printf("power: after %zu writes and syncs, cut %d: signal %d\n", moment, (int)cut, WTERMSIG(status));
    return status == 0;
}

static void try_image(const char *directory, size_t moment, enum disk_cut cut, bool ignore_syncs,
                      struct sch_prng *prng, struct totals *totals)
{
    char path[256];
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    totals->at_mercy += disk_image(path, moment, cut, ignore_syncs, prng);
    totals->images++;
    totals->bad += !is_good(directory, moment, cut, ignore_syncs);
}

static void try_all(const char *directory, size_t draws, bool ignore_syncs, struct sch_prng *prng,
                    struct totals *totals)
{
    for (size_t moment = 2; moment <= disk_moments(); moment++) {
        try_image(directory, moment, DISK_CUT_NONE_THERE, ignore_syncs, prng, totals);
        try_image(directory, moment, DISK_CUT_ALL_THERE, ignore_syncs, prng, totals);
        for (size_t i = 0; i < draws; i++) {
            try_image(directory, moment, DISK_CUT_RANDOM, ignore_syncs, prng, totals);
            try_image(directory, moment, DISK_CUT_TORN, ignore_syncs, prng, totals);
        }
    }
}

/* ---- the program -------------------------------------------------------------------------------- */

static void remove_directory(const char *directory)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "control.sock" };
    char path[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtoull(argv[i + 1], NULL, 10);
    return otherwise;
}

static bool flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    char working[] = "/tmp/scharnier-power-XXXXXX", image[] = "/tmp/scharnier-image-XXXXXX";
    uint64_t seed = option(argc, argv, "--seed", 1);
    size_t rounds = (size_t)option(argc, argv, "--rounds", 40), draws = (size_t)option(argc, argv, "--draws", 2);
    bool without_syncs = flag(argc, argv, "--without-syncs");
    struct sch_prng prng = { seed };
    struct totals totals = { 0 };
    if (mkdtemp(working) == NULL || mkdtemp(image) == NULL) {
        perror("power: mkdtemp");
        return 1;
    }
    power_directory = working;
    struct sch_book *book = sch_region_sim_book();
    work(rounds, seed, book);
    try_all(image, draws, without_syncs, &prng, &totals);
    printf("power: seed %llu, %zu writes and syncs, %zu promises, %zu images (%.1f writes at their mercy each), "
           "%zu bad%s\n", (unsigned long long)seed, disk_moments(), promise_count, totals.images,
           (double)totals.at_mercy / (double)totals.images, totals.bad,
           without_syncs ? ", as there must be without syncs" : "");
    bool right = (totals.bad > 0) == without_syncs;
    printf("%d passed, %d failed\n", right, !right);
    sch_region_sim_book_free(book);
    disk_close();
    remove_directory(working);
    remove_directory(image);
    return right ? 0 : 1;
}
