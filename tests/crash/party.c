/* party.c: see party.h. Knows libscharnier by its header alone, as any vendor's program does. */
#include "party.h"

#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "point.h"

#define STEP_MS 10
#define WINDOW 16
#define CONNECT_MS 3000

volatile sig_atomic_t crash_stopping, crash_draining;
static struct crash_party *only_party;  /* of this process, for a hook that has no context */

static void on_signal(int number)
{
    if (number == SIGUSR1)
        crash_draining = 1;
    else
        crash_stopping = 1;
}

/* ---- books -------------------------------------------------------------------------------------- */

void crash_note(int fd, bool durable, const char *format, ...)
{
    char line[256];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof line || write(fd, line, (size_t)size) != size ||
        (durable && fsync(fd) != 0))
        abort();
}

int crash_book(const char *dir, const char *name)
{
    char path[1024];
    int fd;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        abort();
    return fd;
}

void crash_id_text(const struct sch_id *id, char text[CRASH_ID_TEXT_SIZE])
{
    for (size_t i = 0; i < SCH_ID_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned)id->bytes[i]);
}

static bool read_id(const char *text, struct sch_id *id)
{
    for (size_t i = 0; i < SCH_ID_SIZE; i++) {
        unsigned byte;

        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return false;
        id->bytes[i] = (uint8_t)byte;
    }
    return true;
}

/* The slot of an id, or the free one where it belongs. */
static struct crash_slot *slot_of(struct crash_party *party, const struct sch_id *id)
{
    uint32_t at;

    memcpy(&at, id->bytes + SCH_ID_SIZE - sizeof at, sizeof at);    /* random in a UUIDv7 */
    at %= CRASH_SEEN_MAX;
    while (party->slots[at].seen != 0 && memcmp(&party->slots[at].id, id, sizeof *id) != 0)
        at = (at + 1) % CRASH_SEEN_MAX;
    return &party->slots[at];
}

static void mark(struct crash_party *party, struct crash_slot *slot, const struct sch_id *id, unsigned seen)
{
    assert(party->slot_count < CRASH_SEEN_MAX - 1);
    party->slot_count += slot->seen == 0;
    slot->id = *id;
    slot->seen |= seen;
}

static void read_ids(struct crash_party *party, const char *dir, const char *name, unsigned seen)
{
    char path[1024], line[256];
    struct sch_id id;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "r");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL)
        if (read_id(line, &id))
            mark(party, slot_of(party, &id), &id, seen);
    fclose(file);
}

/* ---- the application ---------------------------------------------------------------------------- */

void crash_party_store(struct crash_party *party, const sch_msg *msg)
{
    const struct sch_header *header = sch_msg_header(msg);
    struct crash_slot *slot = slot_of(party, &header->id);
    char text[CRASH_ID_TEXT_SIZE];

    crash_id_text(&header->id, text);
    if ((slot->seen & (CRASH_THIS_LIFE | CRASH_SETTLED)) != 0)
        crash_note(party->again, true, "%s\n", text);
    if ((slot->seen & CRASH_STORED) != 0)
        crash_note(party->skipped, false, "%s\n", text);
    else
        crash_note(party->application, true, "%s %d\n", text, (int)header->kind);
    mark(party, slot, &header->id, CRASH_STORED | CRASH_THIS_LIFE);
    if (party->verdict_count < CRASH_VERDICTS_MAX)
        party->verdict[party->verdict_count++] = header->id;
}

/* Nothing syncs the journal between a callback and the verdict that it gave. */
static void note_settled(void)
{
    char text[CRASH_ID_TEXT_SIZE];

    for (size_t i = 0; i < only_party->verdict_count; i++) {
        crash_id_text(&only_party->verdict[i], text);
        crash_note(only_party->settled, false, "%s\n", text);
    }
    only_party->verdict_count = 0;
}

bool crash_party_hesitates(struct crash_party *party, const struct sch_id *id)
{
    struct crash_slot *slot = slot_of(party, id);
    bool hesitates = id->bytes[SCH_ID_SIZE - 1] % 8 == 0 && slot->seen == 0;

    if (hesitates)
        mark(party, slot, id, CRASH_RETRIED);
    return hesitates;
}

static void on_sent(void *context, const char *key, const sch_receipt *receipt, const sch_error *error)
{
    struct crash_party *party = context;
    char id[CRASH_ID_TEXT_SIZE], dossier[CRASH_ID_TEXT_SIZE];

    crash_point("receipt");
    crash_id_text(&receipt->id, id);
    crash_id_text(&receipt->dossier, dossier);
    if (error->code != SCH_OK)
        crash_note(party->rejected, true, "%s %s %s\n", key, error->name, error->text);
    else
        crash_note(party->receipts, true, "%s %s %s %s\n", key, id, dossier,
                   receipt->duplicate ? "duplicate" : "new");
}

bool crash_party_post(struct crash_party *party, sch_draft *draft, const char *key, sch_receipt *receipt)
{
    char id[CRASH_ID_TEXT_SIZE], dossier[CRASH_ID_TEXT_SIZE];
    sch_error error = SCH_ERROR_INIT;
    int code;

    sch_draft_key(draft, key);
    code = sch_post(party->client, draft, receipt, &error);
    sch_draft_free(draft);
    if (code == SCH_OK) {
        crash_id_text(&receipt->id, id);
        crash_id_text(&receipt->dossier, dossier);
        crash_note(party->receipts, true, "%s %s %s known\n", key, id, dossier);
    } else if (code != SCH_E_QUEUED) {
        fprintf(stderr, "%s: %s: %s\n", key, error.name, error.text);
        return false;
    }
    crash_point("posted");
    return true;
}

sch_draft *crash_party_draft(struct crash_party *party, enum sch_kind kind, const struct sch_header *referral)
{
    sch_draft *draft = sch_draft_new(party->client, kind);

    if (draft == NULL)
        abort();
    if (referral != NULL)
        sch_draft_on(draft, referral);
    return draft;
}

void crash_key(char key[CRASH_KEY_SIZE], const char *prefix, const struct sch_id *id)
{
    char text[CRASH_ID_TEXT_SIZE];

    crash_id_text(id, text);
    snprintf(key, CRASH_KEY_SIZE, "%s-%s", prefix, text);
}

int64_t crash_date(const struct crash_party *party, int days)
{
    time_t at = (time_t)(sch_now_ms(party->client) / 1000) + days * 86400;
    struct tm day;

    gmtime_r(&at, &day);
    return (day.tm_year + 1900) * INT64_C(10000) + (day.tm_mon + 1) * 100 + day.tm_mday;
}

/* ---- the loop ----------------------------------------------------------------------------------- */

static void on_log(void *context, char level, const char *line)
{
    struct crash_party *party = context;

    if (strstr(line, "a settled message came again") != NULL)
        crash_note(party->resettled, false, "1\n");
    if (level != 'd')
        fprintf(stderr, "%c %s\n", level, line);
}

static void show_outbox(struct crash_party *party)
{
    size_t count = sch_outbox_count(party->client);
    char text[24];

    if (count == party->outbox_shown)
        return;
    party->outbox_shown = count;
    snprintf(text, sizeof text, "%-20zu\n", count);
    if (pwrite(party->status, text, 21, 0) != 21)
        abort();
}

static bool open_client(struct crash_party *party, const char *config, sch_on_msg *on_msg, sch_error *error)
{
    sch_error ignored = SCH_ERROR_INIT;

    party->client = sch_open(config, error);
    if (party->client == NULL)
        return false;
    sch_on_log(party->client, on_log, party);
    sch_on_sent(party->client, on_sent, party);
    if (sch_attach(party->client, NULL, 0, WINDOW, on_msg, party, error) != SCH_OK)
        return false;
    /* The broker may be dead just now; then the directory of a former life is good enough. */
    if (sch_connect(party->client, CONNECT_MS, &ignored) == SCH_OK)
        (void)sch_client_directory(party->client, NULL, CONNECT_MS, &ignored);
    return true;
}

bool crash_party_open(struct crash_party *party, const char *config, const char *dir, sch_on_msg *on_msg)
{
    char path[1024];
    sch_error error = SCH_ERROR_INIT;

    memset(party, 0, sizeof *party);
    party->slots = calloc(CRASH_SEEN_MAX, sizeof *party->slots);
    if (party->slots == NULL)
        abort();
    signal(SIGTERM, on_signal);
    signal(SIGUSR1, on_signal);
    signal(SIGXFSZ, SIG_IGN);           /* a file at its limit is an error like a full disk */
    party->application = crash_book(dir, "application");
    party->receipts = crash_book(dir, "receipts");
    party->rejected = crash_book(dir, "rejected");
    party->skipped = crash_book(dir, "skipped");
    party->settled = crash_book(dir, "settled");
    party->again = crash_book(dir, "again");
    party->resettled = crash_book(dir, "resettled");
    snprintf(path, sizeof path, "%s/status", dir);
    party->status = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (party->status < 0)
        abort();
    party->outbox_shown = SIZE_MAX;
    only_party = party;
    crash_journal_synced = note_settled;
    read_ids(party, dir, "application", CRASH_STORED);
    read_ids(party, dir, "settled", CRASH_SETTLED);
    if (open_client(party, config, on_msg, &error))
        return true;
    sch_perror(&error);
    crash_party_close(party);
    return false;
}

void crash_party_close(struct crash_party *party)
{
    sch_close(party->client);
    close(party->application);
    close(party->receipts);
    close(party->rejected);
    close(party->skipped);
    close(party->settled);
    close(party->again);
    close(party->resettled);
    close(party->status);
    free(party->slots);
}

bool crash_party_step(struct crash_party *party)
{
    sch_error error = SCH_ERROR_INIT;

    int code = sch_client_step(party->client, STEP_MS, &error);

    /* IO: the state directory could not be written; client.h says to step again later. */
    if (code != SCH_OK && code != SCH_E_IO) {
        sch_perror(&error);
        return false;
    }
    if (code == SCH_E_IO && !party->short_of_disk)
        sch_perror(&error);
    party->short_of_disk = code == SCH_E_IO;
    if (party->short_of_disk)
        usleep(STEP_MS * 1000);
    show_outbox(party);
    return true;
}
