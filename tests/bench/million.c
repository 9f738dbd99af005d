/*
 * million.c: what a coordinator waits for at the real scharnierd over a filled store, alone and while a sender
 * submits at full speed, and what that costs the sender.
 *
 * A filtered worklist is asked for until a hundred rows are there, the list ends or eight pages were had: what a page
 * costs that looks at a bounded number of dossiers says little without how many pages it takes.
 *
 * The sender is a process of its own: CLIENTS connections with WINDOW submissions each under way. A query is asked
 * when the one before was answered; its time is from sending to the whole page decoded. The broker is told to stop
 * at the end and must end well.
 * Usage: million SCHARNIERD DIR [samples]
 */
#include <assert.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <scharnier/version.h>
#include <sodium.h>
#include <zmq.h>

#include "id.h"
#include "million.h"

#define CLIENTS 4
#define WINDOW 8
#define LETTER_SIZE 2300
#define ALONE_SECONDS 6
#define SAMPLES_MAX 100000
#define SENT_MAX (1u << 21)
#define ROWS 100
#define PAGES_MAX 8

struct bench {
    const char *dir;
    char endpoint[64];
    struct sch_key_pair broker, practice, coordinator;
    pid_t broker_pid;
    unsigned samples;
    double load;                        /* of others, before it began */
    struct sch_arena arena;
    uint8_t *frame;                     /* SCH_REPLY_SIZE_MAX */
};

struct summary {
    double per_second, p50_ms, p99_ms;
};

/* ---- connections -------------------------------------------------------------------------------- */

static void load_key(const struct bench *bench, const char *name, struct sch_key_pair *pair)
{
    char path[512];
    sch_error error = SCH_ERROR_INIT;

    (void)snprintf(path, sizeof path, "%s/%s", bench->dir, name);
    bench_must(sch_key_pair_load(pair, path, &error) == SCH_OK, error.text);
}

static void *connect_as(const struct bench *bench, void *context, const struct sch_key_pair *pair, uint8_t instance)
{
    struct sch_command hello = { .request = 1, .type = SCH_COMMAND_HELLO };
    uint8_t frame[SCH_COMMAND_SIZE_MAX];
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int none = 0, patience_ms = 300000;
    size_t size;

    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, bench->broker.public_key, 32);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair->public_key, 32);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair->secret_key, 32);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
    bench_must(zmq_connect(socket, bench->endpoint) == 0, "connect");
    hello.hello.version_min = SCH_WIRE_MIN;
    hello.hello.version_max = SCH_WIRE_MAX;
    hello.hello.instance.bytes[0] = 1;
    hello.hello.instance.bytes[1] = instance;
    strcpy(hello.hello.software, "million");
    size = sch_command_encode(&hello, frame, sizeof frame);
    bench_must(zmq_send(socket, frame, size, 0) == (int)size, "hello");
    bench_must(zmq_recv(socket, frame, sizeof frame, 0) > 0, "no welcome");
    return socket;
}

static void start_broker(struct bench *bench, const char *program)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/scharnierd.conf", bench->dir);
    bench->broker_pid = fork();
    bench_must(bench->broker_pid >= 0, "fork");
    if (bench->broker_pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        execl(program, program, "--config", path, (char *)NULL);
        _exit(127);
    }
}

static void stop_broker(const struct bench *bench)
{
    int status;

    kill(bench->broker_pid, SIGTERM);
    waitpid(bench->broker_pid, &status, 0);
    bench_must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "scharnierd did not end well");
}

/* A line of /proc/PID/status in megabytes. */
static double memory_mb(const struct bench *bench, const char *name)
{
    char path[64], line[256];
    double mb = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)bench->broker_pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            mb = strtod(line + strlen(name) + 1, NULL) / 1024;
    if (file != NULL)
        fclose(file);
    return mb;
}

/* ---- the sender --------------------------------------------------------------------------------- */

struct sender {
    void *socket[CLIENTS];
    uint64_t sent_us[CLIENTS][WINDOW];
    uint64_t next[CLIENTS];
    struct sch_header header;
    struct sch_seal seal;
    uint8_t body[LETTER_SIZE + 1024];
    size_t body_size;
    uint64_t *sample_us;
    size_t samples;
};

static void make_letter(struct sender *sender)
{
    struct sch_header *header = &sender->header;
    bool valid = sch_address_set(&header->sender, MILLION_SENDER) &&
                 sch_address_set(&header->receiver, MILLION_SENDER_TO);
    time_t today = time(NULL);
    struct tm local;

    assert(valid);
    bench_must(localtime_r(&today, &local) != NULL, "today");
    header->kind = SCH_KIND_REFERRAL;
    header->sections_known = true;
    header->sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON;
    header->fact[SCH_FACT_URGENCY] = SCH_URGENCY_ROUTINE;
    header->fact[SCH_FACT_LETTER_DATE] = (local.tm_year + 1900) * 10000 + (local.tm_mon + 1) * 100 + local.tm_mday;
    sender->seal.suite = SCH_SUITE;
    strcpy(sender->seal.signing_key, MILLION_SIGN);
    sender->seal.has_letter = true;
    sender->seal.padded_size = (uint32_t)sch_seal_padded_size(LETTER_SIZE);
    sender->seal.stanza_count = 1;
    sender->seal.stanza[0].address = header->receiver;
    strcpy(sender->seal.stanza[0].key, MILLION_SEAL);
    sender->body_size = sch_seal_body_size(sender->seal.padded_size);
    bench_must(sender->body_size <= sizeof sender->body, "the letter");
}

static void send_one(struct sender *sender, unsigned client)
{
    uint8_t header[SCH_HEADER_SIZE_MAX], seal[SCH_SEAL_SIZE_MAX], frame[SCH_COMMAND_SIZE_MAX];
    struct sch_command command = { .request = sender->next[client], .type = SCH_COMMAND_SUBMIT };
    size_t size;

    sender->header.id = sch_id_new((int64_t)(bench_us(CLOCK_REALTIME) / 1000));
    command.submit.header = (struct sch_bytes){ header, sch_header_encode(&sender->header, header, sizeof header) };
    command.submit.seal = (struct sch_bytes){ seal, sch_seal_encode(&sender->seal, seal, sizeof seal) };
    size = sch_command_encode(&command, frame, sizeof frame);
    assert(size > 0);
    sender->sent_us[client][sender->next[client]++ % WINDOW] = bench_us(CLOCK_MONOTONIC);
    bench_must(zmq_send(sender->socket[client], frame, size, ZMQ_SNDMORE) == (int)size, "send");
    bench_must(zmq_send(sender->socket[client], sender->body, sender->body_size, 0) == (int)sender->body_size, "send");
}

static void take_receipts(struct sender *sender, unsigned client, struct sch_arena *arena)
{
    uint8_t frame[SCH_COMMAND_SIZE_MAX];
    struct sch_reply reply;
    struct sch_fault fault;
    int size;

    while ((size = zmq_recv(sender->socket[client], frame, sizeof frame, ZMQ_DONTWAIT)) > 0) {
        sch_arena_reset(arena);
        bench_must(sch_reply_decode((struct sch_bytes){ frame, (size_t)size }, arena, &reply, &fault) == SCH_OK, "reply");
        if (reply.type == SCH_REPLY_REJECTION) {
            fprintf(stderr, "million: rejected: %s %s\n", reply.rejection.name, reply.rejection.field);
            _exit(1);
        }
        if (reply.type != SCH_REPLY_RECEIPT)
            continue;
        if (sender->samples < SENT_MAX)
            sender->sample_us[sender->samples++] =
                bench_us(CLOCK_MONOTONIC) - sender->sent_us[client][reply.request % WINDOW];
        send_one(sender, client);
    }
}

static volatile sig_atomic_t told_to_stop;

static void on_stop(int signal)
{
    (void)signal;
    told_to_stop = 1;
}

/* Submits until it is told to stop; its figures go into the pipe. */
static void run_sender(const struct bench *bench, int pipe)
{
    static struct sender sender;
    struct sch_arena arena;
    zmq_pollitem_t item[CLIENTS];
    struct summary summary;
    void *context = zmq_ctx_new();
    uint64_t began_us;

    signal(SIGTERM, on_stop);
    sender.sample_us = calloc(SENT_MAX, sizeof *sender.sample_us);
    bench_must(sender.sample_us != NULL && sch_arena_init(&arena, 1u << 20) == SCH_OK, "memory");
    make_letter(&sender);
    for (unsigned i = 0; i < CLIENTS; i++) {
        sender.socket[i] = connect_as(bench, context, &bench->practice, (uint8_t)(10 + i));
        sender.next[i] = WINDOW;
        item[i] = (zmq_pollitem_t){ sender.socket[i], 0, ZMQ_POLLIN, 0 };
    }
    began_us = bench_us(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < CLIENTS * WINDOW; i++)
        send_one(&sender, i % CLIENTS);
    while (!told_to_stop) {
        if (zmq_poll(item, CLIENTS, 100) <= 0)
            continue;
        for (unsigned i = 0; i < CLIENTS; i++)
            if ((item[i].revents & ZMQ_POLLIN) != 0)
                take_receipts(&sender, i, &arena);
    }
    summary.per_second = (double)sender.samples * 1e6 / (double)(bench_us(CLOCK_MONOTONIC) - began_us);
    qsort(sender.sample_us, sender.samples, sizeof *sender.sample_us, bench_by_size);
    summary.p50_ms = bench_percentile_ms(sender.sample_us, sender.samples, 50);
    summary.p99_ms = bench_percentile_ms(sender.sample_us, sender.samples, 99);
    _exit(write(pipe, &summary, sizeof summary) == sizeof summary ? 0 : 1);
}

static pid_t start_sender(const struct bench *bench, int *from)
{
    int ends[2];
    pid_t pid;

    bench_must(pipe(ends) == 0, "pipe");
    pid = fork();
    bench_must(pid >= 0, "fork");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        run_sender(bench, ends[1]);
    }
    close(ends[1]);
    *from = ends[0];
    sleep(1);                           /* until it is at full speed */
    return pid;
}

static struct summary stop_sender(pid_t pid, int from)
{
    struct summary summary;
    int status;

    kill(pid, SIGTERM);
    bench_must(read(from, &summary, sizeof summary) == sizeof summary, "the sender's figures");
    waitpid(pid, &status, 0);
    close(from);
    return summary;
}

/* ---- queries ------------------------------------------------------------------------------------ */

struct question {
    const char *name;
    struct sch_query query;
    bool walks;                         /* each sample goes on with the cursor of the page before */
    bool fills;                         /* a sample is as many pages as make ROWS rows */
    double p50_ms[2], p99_ms[2], rows, pages;
};

static size_t rows_of(const struct sch_page *page)
{
    return page->unanswered_count + page->age_count + page->statistics_count;
}

/* One page, and where the next begins; how many rows. */
static size_t ask(struct bench *bench, void *socket, struct sch_query *query)
{
    struct sch_command command = { .request = 7, .type = SCH_COMMAND_QUERY, .query = *query };
    uint8_t frame[SCH_COMMAND_SIZE_MAX];
    size_t size = sch_command_encode(&command, frame, sizeof frame);
    struct sch_reply reply;
    struct sch_fault fault;
    int got;

    bench_must(size > 0 && zmq_send(socket, frame, size, 0) == (int)size, "ask");
    got = zmq_recv(socket, bench->frame, SCH_REPLY_SIZE_MAX, 0);
    bench_must(got > 0, "no page");
    sch_arena_reset(&bench->arena);
    bench_must(sch_reply_decode((struct sch_bytes){ bench->frame, (size_t)got }, &bench->arena, &reply, &fault) == SCH_OK,
               "a page that cannot be read");
    if (reply.type != SCH_REPLY_PAGE) {
        fprintf(stderr, "million: a query was refused: %s %s\n",
                reply.type == SCH_REPLY_REJECTION ? reply.rejection.name : "?",
                reply.type == SCH_REPLY_REJECTION ? reply.rejection.field : "?");
        exit(1);
    }
    query->cursor_size = reply.page.cursor_size;
    memcpy(query->cursor, reply.page.cursor, sizeof query->cursor);
    return rows_of(&reply.page);
}

static void measure(struct bench *bench, void *socket, struct question *question, int loaded)
{
    static uint64_t sample_us[SAMPLES_MAX];
    struct sch_query query = question->query;
    size_t rows = 0, pages = 0;
    bool valid = sch_address_set(&query.party, MILLION_COORDINATOR);

    assert(valid);
    for (unsigned i = 0; i < bench->samples; i++) {
        uint64_t began_us = bench_us(CLOCK_MONOTONIC);

        size_t taken = 0, asked = 0;

        do {
            taken += ask(bench, socket, &query);
            asked++;
        } while (question->fills && taken < ROWS && query.cursor_size > 0 && asked < PAGES_MAX);
        rows += taken;
        pages += asked;
        sample_us[i] = bench_us(CLOCK_MONOTONIC) - began_us;
        if (!question->walks)
            query.cursor_size = 0;
    }
    qsort(sample_us, bench->samples, sizeof sample_us[0], bench_by_size);
    question->p50_ms[loaded] = bench_percentile_ms(sample_us, bench->samples, 50);
    question->p99_ms[loaded] = bench_percentile_ms(sample_us, bench->samples, 99);
    question->rows = (double)rows / bench->samples;
    question->pages = (double)pages / bench->samples;
}

static void set_months(struct sch_query *query)
{
    time_t now = time(NULL);
    struct tm local;

    bench_must(localtime_r(&now, &local) != NULL, "today");
    query->month_to = (uint32_t)((local.tm_year + 1900) * 100 + local.tm_mon + 1);
    query->month_from = (uint32_t)(local.tm_mon == 11 ? (local.tm_year + 1900) * 100 + 1
                                                      : (local.tm_year + 1899) * 100 + local.tm_mon + 2);
}

static void set_debtor(struct sch_query *query)
{
    char text[SCH_ADDRESS_MAX + 1];
    bool valid;

    million_receiver(text, sizeof text, 0, MILLION_GB);
    *strchr(text, '/') = '\0';
    valid = sch_address_set(&query->only.debtor, text);
    assert(valid);
}

enum { PAGE, NEXT, OVERDUE, SILENCE, RARE, DEBTOR, AGE_RECEIVER, AGE_SILENCE, YEAR, YEAR_DEBTOR, QUESTIONS };

static void prepare(struct question question[QUESTIONS])
{
    static const char *const name[QUESTIONS] = {
        [PAGE] = "worklist, first page", [NEXT] = "worklist, following pages", [OVERDUE] = "worklist, overdue only",
        [SILENCE] = "worklist, one silence", [RARE] = "worklist, a rare silence", [DEBTOR] = "worklist, one debtor",
        [AGE_RECEIVER] = "ages by receiver", [AGE_SILENCE] = "ages by silence",
        [YEAR] = "statistics, 12 months", [YEAR_DEBTOR] = "statistics, one debtor" };

    for (int i = 0; i < QUESTIONS; i++) {
        question[i].name = name[i];
        question[i].query.type = i < AGE_RECEIVER ? SCH_QUERY_UNANSWERED : i < YEAR ? SCH_QUERY_AGE
                                                                                   : SCH_QUERY_STATISTICS;
        question[i].query.limit = ROWS;
        question[i].fills = i == SILENCE || i == RARE || i == DEBTOR;
    }
    question[NEXT].walks = true;
    question[OVERDUE].query.overdue_only = true;
    question[SILENCE].query.only.silence = SCH_SILENCE_NOT_STARTED;
    question[RARE].query.only.silence = SCH_SILENCE_NO_TEAM_RESULT;
    set_debtor(&question[DEBTOR].query);
    question[AGE_RECEIVER].query.by = SCH_AGE_BY_RECEIVER;
    question[AGE_SILENCE].query.by = SCH_AGE_BY_SILENCE;
    set_months(&question[YEAR].query);
    set_months(&question[YEAR_DEBTOR].query);
    set_debtor(&question[YEAR_DEBTOR].query);
}

/* ---- the whole ---------------------------------------------------------------------------------- */

static double per(double value, double base)
{
    return base > 0 ? value / base : 0;
}

static void print(const struct bench *bench, const struct question *question, const struct summary *alone,
                  const struct summary *together)
{
    printf("%-28s %6s %6s %9s %9s %11s %9s %7s\n", "p50 and p99 in ms", "rows", "pages", "p50", "p99", "p50, load", "p99",
           "ratio");
    for (int i = 0; i < QUESTIONS; i++)
        printf("%-28s %6.1f %6.1f %9.2f %9.2f %11.2f %9.2f %7.1f\n", question[i].name, question[i].rows,
               question[i].pages, question[i].p50_ms[0], question[i].p99_ms[0], question[i].p50_ms[1], question[i].p99_ms[1],
               per(question[i].p99_ms[1], question[i].p99_ms[0]));
    printf("submissions alone:        %.0f/s, p50 %.2f ms, p99 %.2f ms\n", alone->per_second, alone->p50_ms,
           alone->p99_ms);
    printf("submissions with queries: %.0f/s, p50 %.2f ms, p99 %.2f ms (ratio %.2f, %.2f, %.2f)\n",
           together->per_second, together->p50_ms, together->p99_ms, per(together->per_second, alone->per_second),
           per(together->p50_ms, alone->p50_ms), per(together->p99_ms, alone->p99_ms));
    printf("memory of scharnierd: %.0f MB of its own, %.0f MB with mapped pages; n = %u each; load of this machine %.1f\n",
           memory_mb(bench, "RssAnon:"), memory_mb(bench, "VmRSS:"), bench->samples, bench->load);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    static struct question question[QUESTIONS];
    struct summary alone, together;
    void *context, *socket;
    pid_t sender;
    int from;

    if (argc < 3) {
        fprintf(stderr, "usage: million SCHARNIERD DIR [samples]\n");
        return 2;
    }
    bench_must(sodium_init() >= 0, "libsodium");
    bench.dir = argv[2];
    bench.samples = bench_number(argc, argv, 3, 200, SAMPLES_MAX);
    bench.frame = malloc(SCH_REPLY_SIZE_MAX);
    bench_must(bench.frame != NULL && sch_arena_init(&bench.arena, SCH_ARENA_REPLY_SIZE) == SCH_OK, "memory");
    (void)snprintf(bench.endpoint, sizeof bench.endpoint, "tcp://127.0.0.1:%u", million_port(bench.dir));
    load_key(&bench, "broker.key", &bench.broker);
    load_key(&bench, "practice.key", &bench.practice);
    load_key(&bench, "coordinator.key", &bench.coordinator);
    bench_must(getloadavg(&bench.load, 1) == 1, "load");
    start_broker(&bench, argv[1]);
    prepare(question);
    /* Senders are forked before this process has a context, which would not survive it. */
    sender = start_sender(&bench, &from);
    sleep(ALONE_SECONDS);
    alone = stop_sender(sender, from);
    sender = start_sender(&bench, &from);
    context = zmq_ctx_new();
    socket = connect_as(&bench, context, &bench.coordinator, 1);
    for (int i = 0; i < QUESTIONS; i++)
        measure(&bench, socket, &question[i], 1);
    together = stop_sender(sender, from);
    sleep(1);
    for (int i = 0; i < QUESTIONS; i++)
        measure(&bench, socket, &question[i], 0);
    print(&bench, question, &alone, &together);
    zmq_close(socket);
    zmq_ctx_term(context);
    stop_broker(&bench);
    return 0;
}
