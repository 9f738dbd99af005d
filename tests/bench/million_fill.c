/*
 * million_fill.c: fills a store with a million dossiers, in the broker's own hand.
 *
 * Every dossier is stepped through its messages by the core and written by the working set of the turn, so that
 * records, indexes, tallies and audit are exactly what scharnierd writes; only the wire is left out, and the
 * commits are large and not synced (the store is thrown away). All moments lie in the 400 days before now; what
 * fell due meanwhile is done at the end of each dossier, so that the broker starts without arrears.
 * Usage: million_fill DIR [dossiers]
 */
#include <assert.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/calendar.h"
#include "id.h"
#include "million.h"
#include "names.h"
#include "prng.h"
#include "shell/book.h"
#include "shell/store_lmdb.h"
#include "shell/work_own.h"

#define BATCH 700                       /* dossiers of a commit; the working set holds no more messages */
#define DAYS 400
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define BODY_SIZE 552

/* LMDB would wait for the disk at each of thousands of commits: here nobody depends on it. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

struct fill {
    const char *dir;
    struct sch_book *book;
    struct sch_store *store;
    struct sch_metrics metrics;
    struct sch_work *work;
    struct sch_prng prng;
    int64_t now_ms;
    uint64_t messages, refused;
    /* The dossier that is being lived. */
    unsigned region;
    int64_t at_ms;
    struct sch_id dossier;
    char practice[SCH_ADDRESS_MAX + 1], receiver[SCH_ADDRESS_MAX + 1];
    enum sch_party_kind echelon;
};

/* ---- the country -------------------------------------------------------------------------------- */

static FILE *file_in(const char *dir, const char *name)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "w");
    bench_must(file != NULL, path);
    return file;
}

static void print_hex(FILE *file, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fprintf(file, "%02x", bytes[i]);
    fputc('\n', file);
}

static void print_key(FILE *file, const char *id, const char *use, const uint8_t key[32], const char *rest)
{
    fprintf(file, "[key %s]\nuse = %s\nvalid_from = 2020-01-01\nvalid_until = 2040-01-01\n%s\npublic = ", id, use, rest);
    print_hex(file, key, 32);
}

static void save_key(const char *dir, const char *name, const struct sch_key_pair *pair)
{
    char path[512];
    sch_error error = SCH_ERROR_INIT;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    bench_must(sch_key_pair_save(pair, path, &error) == SCH_OK, error.text);
}

static void new_key(struct sch_key_pair *pair, enum sch_key_use use)
{
    bench_must(sch_key_pair_new(pair, use) == SCH_OK, "a key");
}

static void write_connected(const char *dir, FILE *file)
{
    struct sch_key_pair practice, coordinator, sign, seal;

    new_key(&practice, SCH_KEY_TRANSPORT);
    new_key(&coordinator, SCH_KEY_TRANSPORT);
    new_key(&sign, SCH_KEY_SIGN);
    new_key(&seal, SCH_KEY_SEAL);
    save_key(dir, "practice.key", &practice);
    save_key(dir, "coordinator.key", &coordinator);
    print_key(file, "practice", "transport", practice.public_key, "acts_for = " MILLION_SENDER);
    print_key(file, "coordinator", "transport", coordinator.public_key, "acts_for = " MILLION_COORDINATOR);
    print_key(file, MILLION_SIGN, "sign", sign.public_key, "party = " MILLION_SENDER "\ngp = yes");
    print_key(file, MILLION_SEAL, "seal", seal.public_key, "party = " MILLION_SENDER_TO);
}

static void write_region(const char *dir, unsigned region, const struct sch_key_pair *key)
{
    static uint8_t content[262144];
    char name[64], text[SCH_ADDRESS_MAX + 1], path[512];
    uint8_t signature[64];
    size_t size;
    FILE *file;

    (void)snprintf(name, sizeof name, "regio-%02u.ini", region);
    file = file_in(dir, name);
    fprintf(file, "[directory]\nregion = regio-%02u\nserial = 1\nnot_after = 2040-01-01\n", region);
    for (unsigned i = 0; i < MILLION_PRACTICES; i++) {
        million_practice(text, sizeof text, region, i);
        fprintf(file, "[party %s]\nname = Praktijk %u\nkind = GP_PRACTICE\n", text, i);
    }
    for (unsigned i = 0; i < MILLION_RECEIVERS; i++) {
        million_receiver(text, sizeof text, region, i);
        fprintf(file, "[party %s]\nname = Aanbieder %u\nkind = %s\n", text, i,
                sch_code_name(SCH_SET_PARTY, million_kind(i)));
    }
    fprintf(file, "[party regio:regio-%02u/coordinator]\nname = Coordinator\nkind = COORDINATOR\n", region);
    if (region == 0)
        write_connected(dir, file);
    fclose(file);
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "r");
    bench_must(file != NULL, path);
    size = fread(content, 1, sizeof content, file);
    fclose(file);
    sch_directory_sign(content, size, key->secret_key, signature);
    (void)snprintf(name, sizeof name, "regio-%02u.ini.sig", region);
    file = file_in(dir, name);
    print_hex(file, signature, sizeof signature);
    fclose(file);
}

static void write_country(struct fill *fill)
{
    static struct sch_book_source source;
    struct sch_key_pair broker;
    char cwd[256];
    sch_error error = SCH_ERROR_INIT;
    FILE *conf = file_in(fill->dir, "scharnierd.conf");

    bench_must(getcwd(cwd, sizeof cwd) != NULL, "cwd");
    new_key(&broker, SCH_KEY_TRANSPORT);
    save_key(fill->dir, "broker.key", &broker);
    fprintf(conf, "[broker]\nlisten = tcp://127.0.0.1:%u\ncurve_key = broker.key\nstore = store\n"
                  "verify_signatures = no\nlog_level = error\n[norms]\nfile = %s/adapters/norms/nl.ini\n"
                  "[permits]\nfile = %s/adapters/norms/permits.ini\n", million_port(fill->dir), cwd, cwd);
    for (unsigned region = 0; region < MILLION_REGIONS; region++) {
        struct sch_key_pair key;

        new_key(&key, SCH_KEY_SIGN);
        write_region(fill->dir, region, &key);
        fprintf(conf, "[region regio-%02u]\ndirectory = regio-%02u.ini\nkey = ", region, region);
        print_hex(conf, key.public_key, 32);
        (void)snprintf(source.directory[region].region, sizeof source.directory[region].region, "regio-%02u", region);
        (void)snprintf(source.directory[region].path, sizeof source.directory[region].path, "%s/regio-%02u.ini",
                       fill->dir, region);
        memcpy(source.directory[region].key, key.public_key, 32);
    }
    fclose(conf);
    source.directory_count = MILLION_REGIONS;
    (void)snprintf(source.norms_path, sizeof source.norms_path, "adapters/norms/nl.ini");
    (void)snprintf(source.permits_path, sizeof source.permits_path, "adapters/norms/permits.ini");
    fill->book = sch_book_load(&source, NULL, 0, &error);
    bench_must(fill->book != NULL, error.text);
}

/* ---- one message -------------------------------------------------------------------------------- */

static struct sch_world world_of(const struct fill *fill)
{
    return (struct sch_world){ .now_ms = fill->work->now_ms, .norms = &fill->book->norms,
                               .permits = &fill->book->permits };
}

static void set_time(struct fill *fill, int64_t at_ms)
{
    fill->work->now_ms = at_ms;
    fill->work->audit.now_ms = at_ms;
}

static struct sch_dossier *record_of(struct fill *fill)
{
    struct sch_dossier *dossier = sch_work_dossier(fill->work, &fill->dossier);

    bench_must(dossier != NULL, "a record");
    return dossier;
}

static void set_address(struct sch_address *address, const char *text)
{
    bool valid = sch_address_set(address, text);

    assert(valid);
}

static struct sch_id new_id(struct fill *fill)
{
    struct sch_id id;

    sch_prng_fill(&fill->prng, id.bytes, sizeof id.bytes);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(fill->at_ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

static void seal_for(struct fill *fill, const struct sch_header *header, bool letter, struct sch_seal *seal)
{
    memset(seal, 0, sizeof *seal);
    seal->suite = SCH_SUITE;
    strcpy(seal->signing_key, MILLION_SIGN);
    sch_prng_fill(&fill->prng, seal->signature, sizeof seal->signature);
    if (!letter)
        return;
    seal->has_letter = true;
    seal->padded_size = 512;
    seal->stanza_count = 1;
    seal->stanza[0].address = header->receiver;
    strcpy(seal->stanza[0].key, MILLION_SEAL);
}

/* The recipient's system collects a message. */
static void collect(struct fill *fill, const struct sch_id *message, const char *mailbox)
{
    struct sch_world world = world_of(fill);
    struct sch_actor actor = { .purpose = SCH_AUDIT_CARE };
    struct sch_event event = { .type = SCH_EVENT_COLLECT, .message = *message };

    strcpy(actor.key_id, "filled");
    set_address(&event.mailbox, mailbox);
    actor.address = event.mailbox;
    (void)sch_work_step(fill->work, &world, record_of(fill), &event, NULL, &actor);
}

/* Says a message, at fill->at_ms; false when that lies ahead of now. */
static bool say(struct fill *fill, struct sch_header *header, bool letter, bool collected)
{
    static const uint8_t body[BODY_SIZE];
    uint8_t header_bytes[SCH_HEADER_SIZE_MAX], seal_bytes[SCH_SEAL_SIZE_MAX];
    struct sch_world world;
    struct sch_submission submission = { .proven = true };
    struct sch_actor actor = { .purpose = SCH_AUDIT_CARE };
    struct sch_step_outcome outcome;
    struct sch_seal seal;

    if (fill->at_ms >= fill->now_ms)
        return false;
    set_time(fill, fill->at_ms);
    world = world_of(fill);
    header->id = new_id(fill);
    if (header->kind == SCH_KIND_REFERRAL)
        fill->dossier = header->id;
    else
        header->dossier = fill->dossier;
    seal_for(fill, header, letter, &seal);
    submission.header = *header;
    submission.header_bytes = (struct sch_bytes){ header_bytes, sch_header_encode(header, header_bytes,
                                                                                  sizeof header_bytes) };
    submission.seal_bytes = (struct sch_bytes){ seal_bytes, sch_seal_encode(&seal, seal_bytes, sizeof seal_bytes) };
    assert(submission.header_bytes.len > 0 && submission.seal_bytes.len > 0);
    if (letter)
        submission.letter = (struct sch_door_letter){ .bytes = { body, sizeof body }, .size = sizeof body };
    sch_prng_fill(&fill->prng, submission.hash, sizeof submission.hash);
    submission.event = (struct sch_event){ .type = SCH_EVENT_SUBMIT, .header = &submission.header, .has_body = letter,
                                           .gp_key = true,
                                           .sender = sch_book_party(fill->book, header->sender.text),
                                           .receiver = sch_book_party(fill->book, header->receiver.text) };
    strcpy(actor.key_id, "filled");
    actor.address = header->sender;
    actor.role = submission.event.sender->kind;
    /* The working set keeps header and seal until the commit, so they move to where it keeps all else. */
    {
        uint8_t *kept = sch_arena_take(&fill->work->arena, submission.header_bytes.len + submission.seal_bytes.len);

        bench_must(kept != NULL, "memory");
        memcpy(kept, header_bytes, submission.header_bytes.len);
        memcpy(kept + submission.header_bytes.len, seal_bytes, submission.seal_bytes.len);
        submission.header_bytes.ptr = kept;
        submission.seal_bytes.ptr = kept + submission.header_bytes.len;
    }
    outcome = sch_work_step(fill->work, &world, record_of(fill), &submission.event, &submission, &actor);
    if (outcome.type != SCH_OUTCOME_RECEIPT) {
        if (fill->refused++ == 0)
            fprintf(stderr, "million_fill: kind %d refused: %s %s\n", (int)header->kind, sch_error_name(outcome.code),
                    outcome.field == NULL ? "" : outcome.field);
        return false;
    }
    fill->messages++;
    if (collected)
        collect(fill, &header->id, header->receiver.text);
    return true;
}

/* ---- lives -------------------------------------------------------------------------------------- */

static bool chance(struct fill *fill, unsigned permille)
{
    return sch_prng_chance(&fill->prng, permille);
}

static void after(struct fill *fill, unsigned lo, unsigned hi)
{
    fill->at_ms += (int64_t)(lo + sch_prng_below(&fill->prng, hi - lo + 1)) * DAY_MS +
                   (int64_t)sch_prng_below(&fill->prng, (uint64_t)HOUR_MS);
}

static struct sch_header feedback(struct fill *fill, enum sch_kind kind)
{
    struct sch_header header = { .kind = kind };

    set_address(&header.sender, fill->receiver);
    set_address(&header.receiver, fill->practice);
    return header;
}

static int64_t date_of(const struct fill *fill)
{
    return sch_date_from_day(sch_day_of_ms(fill->at_ms));
}

static void refer(struct fill *fill)
{
    struct sch_header header = { .kind = SCH_KIND_REFERRAL, .sections_known = true };
    unsigned index = chance(fill, 60) ? MILLION_RECEIVERS - 1
                                      : (unsigned)sch_prng_below(&fill->prng, MILLION_RECEIVERS - 1);

    million_practice(fill->practice, sizeof fill->practice, fill->region,
                     (unsigned)sch_prng_below(&fill->prng, MILLION_PRACTICES));
    million_receiver(fill->receiver, sizeof fill->receiver, fill->region, index);
    fill->echelon = million_kind(index);
    set_address(&header.sender, fill->practice);
    set_address(&header.receiver, fill->receiver);
    header.sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON;
    header.fact[SCH_FACT_URGENCY] = chance(fill, 50) ? SCH_URGENCY_URGENT : SCH_URGENCY_ROUTINE;
    header.fact[SCH_FACT_LETTER_DATE] = date_of(fill);
    if (fill->echelon == SCH_PARTY_WIJKTEAM)
        header.fact[SCH_FACT_CONSENT] = SCH_YES_YES;
    (void)say(fill, &header, true, !chance(fill, 30));
}

static void take_up(struct fill *fill)
{
    struct sch_header header = { .kind = SCH_KIND_TAKEN_UP };

    if (chance(fill, 200))
        return;
    set_address(&header.sender, fill->practice);
    set_address(&header.receiver, fill->receiver);
    header.fact[SCH_FACT_TAKEN_UP] = SCH_TAKEN_OWN_CARE;
    after(fill, 0, 8);
    (void)say(fill, &header, false, true);
}

/* Most of the country's dossiers are over: refused and taken up, or ended; the others wait for something. */
static void go_on(struct fill *fill)
{
    struct sch_header header = feedback(fill, SCH_KIND_ACCEPTANCE);

    after(fill, 0, 9);
    if (chance(fill, 80))
        return;
    if (chance(fill, 250)) {
        header.kind = SCH_KIND_REFUSAL;
        header.fact[SCH_FACT_REFUSAL_REASON] = SCH_REFUSAL_NO_CAPACITY;
        if (say(fill, &header, false, true))
            take_up(fill);
        return;
    }
    if (fill->echelon == SCH_PARTY_WIJKTEAM || chance(fill, 200)) {
        (void)say(fill, &header, false, true);
        return;
    }
    after(fill, 10, 60);
    header = feedback(fill, SCH_KIND_INTAKE_REPORT);
    header.fact[SCH_FACT_EVENT_DATE] = date_of(fill);
    header.fact[SCH_FACT_OUTCOME] = chance(fill, 600) ? SCH_OUTCOME_NO_TREATMENT : SCH_OUTCOME_TREATMENT;
    if (!say(fill, &header, true, true))
        return;
    if (header.fact[SCH_FACT_OUTCOME] == SCH_OUTCOME_NO_TREATMENT) {
        take_up(fill);
        return;
    }
    if (chance(fill, 250))
        return;
    after(fill, 20, 150);
    header = feedback(fill, SCH_KIND_DISCHARGE_LETTER);
    header.fact[SCH_FACT_EVENT_DATE] = date_of(fill);
    (void)say(fill, &header, true, true);
}

/* All that fell due since then happens now: ladders climb, what nobody collected expires. */
static void catch_up(struct fill *fill)
{
    for (int i = 0; i < 4; i++) {
        struct sch_dossier *dossier = record_of(fill);
        struct sch_event event = { .type = SCH_EVENT_DUE };
        struct sch_actor actor = { .purpose = SCH_AUDIT_OPERATION };
        struct sch_world world;

        if (sch_dossier_next_due(dossier) > fill->now_ms)
            return;
        set_time(fill, fill->now_ms);
        world = world_of(fill);
        (void)sch_work_step(fill->work, &world, dossier, &event, NULL, &actor);
    }
}

static void fill_store(struct fill *fill, unsigned count)
{
    unsigned done = 0;

    while (done < count) {
        unsigned end = done + BATCH < count ? done + BATCH : count;

        sch_work_begin(fill->work, fill->now_ms, false);
        for (; done < end; done++) {
            /* In the order of time, so that ids are written as they would be. */
            fill->at_ms = fill->now_ms - DAYS * DAY_MS + (int64_t)((uint64_t)done * DAYS * (uint64_t)DAY_MS / count);
            fill->region = done % MILLION_REGIONS;
            refer(fill);
            go_on(fill);
            catch_up(fill);
            fill->work->after_count = 0;        /* nobody is attached */
        }
        set_time(fill, fill->now_ms);
        bench_must(!sch_work_failed(fill->work) && sch_work_commit(fill->work) == SCH_STORE_OK, "commit");
    }
}

int main(int argc, char **argv)
{
    static struct fill fill;
    struct sch_store_options options = { .create = true };
    struct sch_space space;
    char path[512];
    sch_error error = SCH_ERROR_INIT;
    unsigned count = bench_number(argc, argv, 2, 1000000, 10000000);
    uint64_t began_us = bench_us(CLOCK_MONOTONIC);

    if (argc < 2) {
        fprintf(stderr, "usage: million_fill DIR [dossiers]\n");
        return 2;
    }
    bench_must(sodium_init() >= 0, "libsodium");
    fill.dir = argv[1];
    fill.prng.state = 1;
    fill.now_ms = (int64_t)(bench_us(CLOCK_REALTIME) / 1000);
    write_country(&fill);
    (void)snprintf(path, sizeof path, "%s/store", fill.dir);
    options.path = path;
    bench_must(sch_store_open(&fill.store, &options, &error) == SCH_OK, error.text);
    bench_must(sch_work_open(&fill.work, fill.store, &fill.metrics, &error) == SCH_OK, error.text);
    fill_store(&fill, count);
    sch_store_space(fill.store, &space);
    printf("filled: %llu dossiers, %llu messages, %llu audit records, %llu open, %llu in mailboxes; %.2f GB in %.0f s\n",
           (unsigned long long)space.rows[SCH_TABLE_DOSSIER], (unsigned long long)fill.messages,
           (unsigned long long)space.rows[SCH_TABLE_AUDIT], (unsigned long long)space.rows[SCH_TABLE_OPEN],
           (unsigned long long)space.rows[SCH_TABLE_MAILBOX], (double)space.used / 1e9,
           (double)(bench_us(CLOCK_MONOTONIC) - began_us) / 1e6);
    bench_must(fill.refused == 0, "messages were refused");
    sch_work_close(fill.work);
    sch_store_close(fill.store);
    sch_book_free(fill.book);
    return 0;
}
