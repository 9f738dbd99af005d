/*
 * fuzz_query.c: questions to a broker with some fifty dossiers: hostile filters and cursors, and an
 * operator's words.
 *
 * The first byte chooses between a query, drawn from the bytes, and a request about mailboxes as the control
 * socket hands it on. Pages are followed by their cursor, which is edited on the way as the bytes say. Held:
 * a refusal has a code and a field; a page fits its limit and its frame; no row of it, whatever the cursor,
 * is of a dossier in which the party has no part, or the coordinator no region; a cursor moves on; an
 * operator's answer is lines of text.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "play.h"
#include "shell/log.h"
#include "shell/query.h"
#include "shell/queue.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define PAGES_MAX 24
#define DOSSIERS_MAX 64

static struct play play;
static struct sch_book *book;
static struct sch_work *work;
static struct sch_metrics metrics;
static struct sch_sessions *sessions;
static struct sch_arena arena, scratch, again;
static struct sch_id dossiers[DOSSIERS_MAX];
static size_t dossier_count;
static const uint8_t *input;
static size_t left;

/* ---- a region with a past ------------------------------------------------------------------------- */

static void populate(void)
{
    static const struct {
        enum play_setting setting;
        const char *words;
    } lives[] = { { PLAY_CARE, "OPENS" }, { PLAY_CARE, "OPENS ACCEPTANCE APPOINTMENT NO_SHOW" },
                  { PLAY_CARE, "OPENS REFUSAL" },
                  { PLAY_CARE, "OPENS INTAKE_REPORT TREATMENT_START TREATMENT_END" },
                  { PLAY_TEAM, "OPENS ACCEPTANCE" }, { PLAY_CRISIS, "OPENS" }, { PLAY_CONSULT, "OPENS" },
                  { PLAY_TALK, "OPENS" }, { PLAY_NOTICE, "OPENS" }, { PLAY_INVOLVED, "OPENS" } };
    for (size_t i = 0; i < 5 * sizeof lives / sizeof lives[0]; i++) {
        const char *words = lives[i % (sizeof lives / sizeof lives[0])].words;
        play_open(&play, book, lives[i % (sizeof lives / sizeof lives[0])].setting);
        if (!play_words(&play, words))
            abort();
        dossiers[dossier_count++] = play.dossier;
    }
    if (!play_words(&play, "+30d"))
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    sch_error error = SCH_ERROR_INIT;
    (void)argc;
    (void)argv;
    sch_log_open(2, SCH_LOG_ERROR, SCH_LOG_TEXT);
    book = sch_region_sim_book();
    populate();
    stage_stop(&play.stage);
    if (sch_work_open(&work, play.stage.store, &metrics, &error) != SCH_OK ||
        sch_sessions_open(&sessions) != SCH_OK ||
        sch_arena_init(&arena, SCH_QUERY_ARENA_SIZE) != SCH_OK ||
        sch_arena_init(&scratch, SCH_ARENA_REPLY_SIZE) != SCH_OK ||
        sch_arena_init(&again, SCH_ARENA_REPLY_SIZE) != SCH_OK)
        abort();
    return 0;
}

/* ---- drawing -------------------------------------------------------------------------------------- */

static unsigned draw(unsigned below)
{
    if (left == 0)
        return 0;
    left--;
    return *input++ % below;
}

static struct sch_address any_address(void)
{
    struct sch_address address = { "" };
    const struct sch_directory *directory = book->directory[draw((unsigned)book->directory_count)];
    if (draw(3) == 0)
        return address;
    return directory->parties[draw((unsigned)directory->party_count)].address;
}

static void draw_filters(struct sch_query *query)
{
    query->only.silence = (enum sch_silence)draw(SCH_SILENCE_COUNT);
    query->only.term = (enum sch_term)draw(5);
    query->only.echelon = (enum sch_party_kind)draw(SCH_PARTY_COUNT);
    query->only.urgency = (enum sch_urgency)draw(5);
    query->only.expectation = draw(16);
    query->only.older_days = draw(64);
    query->only.debtor = any_address();
    query->only.creditor = any_address();
    query->only.referrer = any_address();
    query->only.receiver = any_address();
}

static void draw_query(struct sch_query *query)
{
    memset(query, 0, sizeof *query);
    query->type = (enum sch_query_type)(1 + draw(SCH_QUERY_PASSED));
    query->party = any_address();
    query->limit = 1 + draw(SCH_PAGE_ROWS_MAX);
    query->by = (enum sch_age_by)(1 + draw(3));
    unsigned flags = draw(32);
    query->published = (flags & 1) != 0;
    query->overdue_only = (flags & 2) != 0;
    if ((flags & 4) != 0)
        draw_filters(query);
    if ((flags & 8) != 0) {
        query->month_from = 202600 + draw(13);
        query->month_to = 202600 + draw(120);
        query->from_ms = INT64_C(1797840000000) + (int64_t)draw(64) * 86400000;
        query->to_ms = query->from_ms + (int64_t)draw(64) * 86400000;
    }
    query->dossier = dossiers[draw((unsigned)dossier_count)];
    if ((flags & 16) != 0)
        for (query->cursor_size = draw(SCH_CURSOR_MAX + 1), flags = 0; flags < query->cursor_size; flags++)
            query->cursor[flags] = (uint8_t)draw(256);
}

/* What comes back from a peer need not be what was given to it. */
static void edit_cursor(struct sch_query *query)
{
    for (unsigned edits = draw(4); edits > 0 && edits < 3 && query->cursor_size > 0; edits--)
        query->cursor[draw((unsigned)query->cursor_size)] ^= (uint8_t)draw(256);
    if (draw(16) == 1)
        query->cursor_size = draw(SCH_CURSOR_MAX + 1);
}

/* ---- what a page may show ------------------------------------------------------------------------- */

static void check_visible(const struct sch_query_permit *permit, const struct sch_id *id)
{
    const struct sch_dossier *dossier = sch_work_dossier(work, id);
    bool visible = false;
    assert(dossier != NULL && dossier->phase != SCH_PHASE_NONE);
    for (size_t i = 0; i < dossier->member_count; i++) {
        const struct sch_member *member = &dossier->member[i];
        bool here = i <= SCH_MEMBER_RECEIVER && strcmp(member->region, permit->party.region) == 0;
        bool part = strcmp(member->address.text, permit->party.address.text) == 0;
        visible = visible || (permit->coordinator ? here : part);
    }
    assert(visible);
}

/* A coordinator sees organisations. */
static void check_shown(const struct sch_query_permit *permit, const struct sch_address *address)
{
    assert(address->text[0] == '\0' || sch_address_valid(address->text));
    bool department = strncmp(address->text, "agb:", 4) == 0 && strchr(address->text, '/') != NULL;
    assert(!permit->coordinator || !department);
}

static size_t check_rows(const struct sch_query_permit *permit, const struct sch_page *page)
{
    for (size_t i = 0; i < page->dossier_count; i++) {
        check_visible(permit, &page->dossiers[i].dossier);
        check_shown(permit, &page->dossiers[i].receiver);
        check_shown(permit, &page->dossiers[i].referrer);
    }
    for (size_t i = 0; i < page->unanswered_count; i++) {
        check_visible(permit, &page->unanswered[i].dossier);
        check_shown(permit, &page->unanswered[i].debtor);
        assert(!permit->coordinator || page->unanswered[i].expectation != 5);
    }
    for (size_t i = 0; i < page->trace_count; i++)
        assert(!permit->coordinator || page->trace[i].kind != SCH_KIND_NO_SHOW);
    for (size_t i = 0; i < page->mailbox_count; i++)
        check_visible(permit, &page->mailbox[i].dossier);
    for (size_t i = 0; i < page->passed_count; i++)
        check_visible(permit, &page->passed[i].dossier);
    return page->dossier_count + page->unanswered_count + page->trace_count + page->mailbox_count +
           page->passed_count + page->age_count + page->statistics_count;
}

static void check_frame(const struct sch_page *page)
{
    static uint8_t bytes[SCH_REPLY_SIZE_MAX];
    static struct sch_reply reply, read;
    struct sch_fault fault = { SCH_OK, NULL };
    reply.type = SCH_REPLY_PAGE;
    reply.request = 1;
    reply.page = *page;
    sch_arena_reset(&scratch);
    sch_arena_reset(&again);
    size_t size = sch_reply_encode(&reply, &scratch, bytes, sizeof bytes);
    assert(size > 0 && sch_reply_decode((struct sch_bytes){ bytes, size }, &again, &read, &fault) == SCH_OK);
    assert(read.page.cursor_size == page->cursor_size && read.page.dossier_count == page->dossier_count);
}

static void try_query(void)
{
    const struct sch_directory *directory = book->directory[0];
    const struct sch_key *key = &directory->keys[draw((unsigned)directory->key_count)];
    int64_t now_ms = stage_now_ms(&play.stage);
    struct sch_query_permit permit;
    struct sch_query query;
    struct sch_page page;
    draw_query(&query);
    for (size_t pages = 0; pages < PAGES_MAX; pages++) {
        struct sch_fault fault = { SCH_OK, NULL };
        sch_work_begin(work, now_ms, false);
        sch_arena_reset(&arena);
        int code = sch_query_permit(work, play.stage.store, book, key, &query, &permit, &fault);
        if (code != SCH_OK) {
            assert(code == (int)fault.code && fault.field != NULL && strncmp(fault.field, "query.", 6) == 0);
            return;
        }
        code = sch_query_run(play.stage.store, &permit, now_ms, NULL, &arena, &page);
        assert(code == SCH_OK);
        /* A dossier's promises stay on one page, whatever its limit. */
        bool whole = page.unanswered_count > 0 && query.limit < SCH_INSTANCES_MAX;
        size_t most = whole ? SCH_INSTANCES_MAX : query.limit;
        assert(check_rows(&permit, &page) <= most && page.cursor_size <= SCH_CURSOR_MAX);
        check_frame(&page);
        if (page.cursor_size == 0)
            return;
        assert(page.cursor_size != query.cursor_size ||
               memcmp(page.cursor, query.cursor, page.cursor_size) != 0);
        memcpy(query.cursor, page.cursor, sizeof query.cursor);
        query.cursor_size = page.cursor_size;
        edit_cursor(&query);
    }
}

/* ---- an operator ---------------------------------------------------------------------------------- */

static void try_queue(void)
{
    const struct sch_queue queue = { play.stage.store, sessions, 0 };
    sch_error error = SCH_ERROR_INIT;
    unsigned verb = draw(4);
    char argument[256] = "", *said = NULL;
    size_t size = left < sizeof argument - 1 ? left : sizeof argument - 1, said_size = 0;
    memcpy(argument, input, size);
    FILE *out = open_memstream(&said, &said_size);
    assert(out != NULL);
    int code = verb == 0   ? sch_queue_ls(&queue, argument, out, &error)
               : verb == 1 ? sch_queue_peek(&queue, argument, out, &error)
               : verb == 2 ? sch_queue_retry(&queue, argument, out, &error)
                           : sch_queue_hold(&queue, argument, true, &error);
    assert(fclose(out) == 0 && code == (int)error.code);
    assert(code == SCH_OK || code == SCH_E_USAGE);
    assert(said_size == 0 || said[said_size - 1] == '\n');
    if (verb == 3 && code == SCH_OK)
        assert(sch_queue_hold(&queue, argument, false, &error) == SCH_OK);
    free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    input = data + 1;
    left = size - 1;
    if (data[0] % 8 == 0)
        try_queue();
    else
        try_query();
    return 0;
}
