/*
 * oracle_worklist.c: what a coordinator is shown is what is owed: no silence is missing, none is invented; and the
 * statistics are a recount.
 *
 * It asks over the wire, like any coordinator, once everything is quiet.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "oracle.h"

#define REQUEST 8

/* A row, or a promise: counted up by one side and down by the other. */
struct row {
    int dossier;
    unsigned number;
    int64_t due_ms;
    enum sch_standing standing;
    enum sch_ladder step;
};

struct rows {
    struct row *row;
    size_t count, room;
};

static void add(struct rows *rows, const struct row *row)
{
    if (rows->count == rows->room) {
        rows->room = rows->room == 0 ? 1024 : 2 * rows->room;
        rows->row = realloc(rows->row, rows->room * sizeof *rows->row);
        assert(rows->row != NULL);
    }
    rows->row[rows->count++] = *row;
}

#define ORDER(a, b) do { if ((a) != (b)) return (a) < (b) ? -1 : 1; } while (0)

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    ORDER(x->dossier, y->dossier);
    ORDER(x->number, y->number);
    ORDER(x->due_ms, y->due_ms);
    ORDER(x->standing, y->standing);
    ORDER(x->step, y->step);
    return 0;
}

/* ---- asking ------------------------------------------------------------------------------------- */

/* Says hello as this party on a connection of its own, and waits for the answer that the oracle asks for. */
bool oracle_ask(struct sim *sim, size_t peer, struct sch_command *command, struct sch_reply *reply)
{
    uint8_t bytes[SCH_COMMAND_SIZE_MAX];
    struct sch_net_sim_message message;
    struct sch_fault fault;
    sch_error error = SCH_ERROR_INIT;
    size_t size;
    bool found = false;

    command->request = REQUEST;
    size = sch_command_encode(command, bytes, sizeof bytes);
    assert(size > 0);
    sch_net_sim_put(sim->net, peer, (struct sch_bytes){ bytes, size }, (struct sch_bytes){ 0 });
    for (int i = 0; i < 4; i++)
        (void)sch_turn_run(sim->turn, 0, &error);
    sch_arena_reset(&sim->arena);
    while (sch_net_sim_take(sim->net, peer, &message)) {
        found = sch_reply_decode(message.reply, &sim->arena, reply, &fault) == SCH_OK && reply->request == REQUEST;
        sch_net_sim_drop(&message);
    }
    return found;
}

static size_t enter(struct sim *sim, const char *key_id)
{
    size_t peer = sch_net_sim_connect(sim->net, key_id);
    struct sch_command command = { .type = SCH_COMMAND_HELLO };
    struct sch_reply reply;

    command.hello.version_min = command.hello.version_max = 1;
    command.hello.instance.bytes[0] = 0x5a;
    strcpy(command.hello.software, "oracle 1");
    if (!oracle_ask(sim, peer, &command, &reply) || reply.type != SCH_REPLY_WELCOME)
        sim_violation(sim, "%s is not welcome", key_id);
    return peer;
}

static void take(struct sim *sim, const struct sch_page *page, struct rows *rows)
{
    for (size_t i = 0; i < page->unanswered_count; i++) {
        const struct sch_unanswered_row *from = &page->unanswered[i];
        struct row row = { sim_dossier_find(sim, &from->dossier), from->expectation, from->due_ms, from->standing,
                           from->step };

        if (from->silence == SCH_SILENCE_NONE)
            sim_violation(sim, "a row of the worklist without a silence");
        add(rows, &row);
    }
}

/* The page's memory is that of the reply, which the next asking gives back. */
static void read_worklist(struct sim *sim, size_t peer, const struct sch_address *party, struct rows *rows)
{
    struct sch_command command = { .type = SCH_COMMAND_QUERY };
    struct sch_reply reply;

    command.query.type = SCH_QUERY_UNANSWERED;
    command.query.party = *party;
    command.query.limit = SCH_PAGE_ROWS_MAX;
    do {
        if (!oracle_ask(sim, peer, &command, &reply) || reply.type != SCH_REPLY_PAGE) {
            sim_violation(sim, "a coordinator's question was not answered");
            return;
        }
        take(sim, &reply.page, rows);
        command.query.cursor_size = reply.page.cursor_size;
        memcpy(command.query.cursor, reply.page.cursor, sizeof command.query.cursor);
    } while (command.query.cursor_size > 0 && sim->violations == 0);
}

/* ---- comparing ---------------------------------------------------------------------------------- */

static bool is_of(int mailbox, bool gooi)
{
    return (mailbox >= SIM_GOOI_FIRST) == gooi;
}

bool oracle_sees(const struct told *told, size_t dossier, bool gooi)
{
    const struct sim_dossier *of = &told->sim->dossier[dossier];

    return told->dossier[dossier].opened_ms != 0 && (is_of(of->referrer, gooi) || is_of(of->receiver, gooi));
}

unsigned oracle_shown(unsigned number)
{
    return number == 5 ? 4 : number;
}

static void expect(const struct told *told, bool gooi, struct rows *rows)
{
    const struct sim *sim = told->sim;

    for (size_t d = 0; d < sim->dossier_count; d++) {
        const struct told_dossier *dossier = &told->dossier[d];

        if (dossier->purged || !oracle_sees(told, d, gooi))
            continue;
        for (int i = dossier->first; i >= 0; i = told->promise[i].next) {
            const struct told_promise *promise = &told->promise[i];
            struct row row = { (int)d, oracle_shown(promise->number), promise->due_ms, promise->standing, promise->step };

            if (promise->standing == SCH_STANDING_OPEN || promise->standing == SCH_STANDING_INCOMPLETE)
                add(rows, &row);
        }
    }
}

static void hold_together(struct sim *sim, struct rows *want, struct rows *have)
{
    size_t i = 0, k = 0;

    if (want->count > 0)
        qsort(want->row, want->count, sizeof *want->row, compare);
    if (have->count > 0)
        qsort(have->row, have->count, sizeof *have->row, compare);
    while ((i < want->count || k < have->count) && sim->violations == 0) {
        int order = i == want->count ? 1 : k == have->count ? -1 : compare(&want->row[i], &have->row[k]);

        if (order < 0)
            sim_violation(sim, "the worklist lacks an E%u that is due at %lld", want->row[i].number,
                          (long long)want->row[i].due_ms);
        if (order > 0)
            sim_violation(sim, "the worklist has an E%u, due at %lld, that nobody owes", have->row[k].number,
                          (long long)have->row[k].due_ms);
        i += order <= 0;
        k += order >= 0;
    }
}

void oracle_worklist(struct told *told)
{
    struct sim *sim = told->sim;
    static const int coordinator[] = { 9, 12 };

    for (size_t c = 0; c < 2 && sim->violations == 0; c++) {
        struct rows want = { NULL, 0, 0 }, have = { NULL, 0, 0 };
        size_t peer = enter(sim, sim_key_id(sim->mailbox[coordinator[c]].party));

        read_worklist(sim, peer, &sim->mailbox[coordinator[c]].address, &have);
        expect(told, c == 1, &want);
        hold_together(sim, &want, &have);
        if (sim->violations == 0)
            oracle_statistics(told, peer, &sim->mailbox[coordinator[c]].address, c == 1);
        if (sim->violations == 0)
            oracle_ages(told, peer, &sim->mailbox[coordinator[c]].address, c == 1);
        sim->silences += have.count;
        free(want.row);
        free(have.row);
        sch_net_sim_disconnect(sim->net, peer);
    }
}
