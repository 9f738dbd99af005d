/*
 * durable.c: durable receipts of the real scharnierd, to be read against floor.c on the same machine.
 *
 * Makes a region in DIR (keys, directory, configuration), starts the broker, and lets clients × window DEALERs
 * send REFERRALs with a letter of 2.3 KB, each a new dossier with its promises; the clients do no more than
 * stamp ids on ready-made frames, so that the broker is what is measured. With `verify` the broker checks every
 * signature, and the clients sign. Prints receipts per second and latency.
 * Usage: durable SCHARNIERD DIR [clients] [window] [seconds] [verify]
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <scharnier/version.h>
#include <sodium.h>
#include <zmq.h>

#include "bench.h"
#include "id.h"
#include "seal.h"

#define LETTER_SIZE 2300
#define CLIENTS_MAX 64
#define WINDOW_MAX 64
#define SAMPLES_MAX (1u << 22)
#define PRACTICE "agb:01000001"
#define PROVIDER "agb:06000001"

struct client {
    void *socket;
    uint64_t sent_us[WINDOW_MAX];       /* by request number modulo the window's size */
    uint64_t next;
};

struct bench {
    const char *dir;
    char endpoint[64];
    struct sch_key_pair broker, transport, region, sign, seal;
    pid_t pid;
    void *context;
    bool verify;
    unsigned clients, window;
    struct client client[CLIENTS_MAX];
    uint8_t body[LETTER_SIZE + 1024];
    size_t body_size;
    struct sch_header header;
    struct sch_seal sealed;
    uint64_t *sample_us;
    size_t samples, duplicates, rejected;
    bool counting;
};

/* ---- the region --------------------------------------------------------------------------------- */

static FILE *file_in(const struct bench *bench, const char *name)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", bench->dir, name);
    file = fopen(path, "w");
    bench_must(file != NULL, name);
    return file;
}

static void print_hex(FILE *file, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fprintf(file, "%02x", bytes[i]);
    fputc('\n', file);
}

static void print_key(FILE *file, const char *id, const char *use, const struct sch_key_pair *pair,
                      const char *rest)
{
    fprintf(file, "[key %s]\nuse = %s\nvalid_from = 2020-01-01\nvalid_until = 2035-01-01\n%s\npublic = ",
            id, use, rest);
    print_hex(file, pair->public_key, sizeof pair->public_key);
}

static void write_directory(struct bench *bench)
{
    char path[512];
    uint8_t content[8192], signature[64];
    size_t size;
    FILE *file = file_in(bench, "directory.ini");

    fputs("[directory]\nregion = utrecht\nserial = 1\nnot_after = 2035-01-01\n"
          "[party " PRACTICE "]\nname = Praktijk\nkind = GP_PRACTICE\n"
          "[party " PROVIDER "]\nname = Aanbieder\nkind = S_GGZ\n", file);
    print_key(file, "practice", "transport", &bench->transport, "acts_for = " PRACTICE);
    print_key(file, "practice-sign", "sign", &bench->sign, "party = " PRACTICE "\ngp = yes");
    print_key(file, "provider-seal", "seal", &bench->seal, "party = " PROVIDER);
    fclose(file);
    snprintf(path, sizeof path, "%s/directory.ini", bench->dir);
    file = fopen(path, "r");
    bench_must(file != NULL, "directory.ini");
    size = fread(content, 1, sizeof content, file);
    fclose(file);
    sch_directory_sign(content, size, bench->region.secret_key, signature);
    file = file_in(bench, "directory.ini.sig");
    print_hex(file, signature, sizeof signature);
    fclose(file);
}

static void write_region(struct bench *bench)
{
    char cwd[512], path[1024];
    sch_error error = SCH_ERROR_INIT;
    FILE *file;

    bench_must(sch_key_pair_new(&bench->broker, SCH_KEY_TRANSPORT) == SCH_OK &&
             sch_key_pair_new(&bench->transport, SCH_KEY_TRANSPORT) == SCH_OK &&
             sch_key_pair_new(&bench->region, SCH_KEY_SIGN) == SCH_OK &&
             sch_key_pair_new(&bench->sign, SCH_KEY_SIGN) == SCH_OK &&
             sch_key_pair_new(&bench->seal, SCH_KEY_SEAL) == SCH_OK,
         "keys");
    snprintf(path, sizeof path, "%s/broker.key", bench->dir);
    bench_must(sch_key_pair_save(&bench->broker, path, &error) == SCH_OK, error.text);
    write_directory(bench);
    bench_must(getcwd(cwd, sizeof cwd) != NULL, "cwd");
    snprintf(bench->endpoint, sizeof bench->endpoint, "tcp://127.0.0.1:%u", 20000u + (unsigned)getpid() % 20000u);
    file = file_in(bench, "scharnierd.conf");
    fprintf(file, "[broker]\nlisten = %s\ncurve_key = broker.key\nstore = store\n"
                  "verify_signatures = %s\nlog_level = error\n"
                  "[norms]\nfile = %s/adapters/norms/nl.ini\n[permits]\nfile = %s/adapters/norms/permits.ini\n"
                  "[region utrecht]\ndirectory = directory.ini\nkey = ",
            bench->endpoint, bench->verify ? "yes" : "no", cwd, cwd);
    print_hex(file, bench->region.public_key, sizeof bench->region.public_key);
    fclose(file);
}

static void start_broker(struct bench *bench, const char *program)
{
    char path[512];

    snprintf(path, sizeof path, "%s/scharnierd.conf", bench->dir);
    bench->pid = fork();
    bench_must(bench->pid >= 0, "fork");
    if (bench->pid == 0) {
        execl(program, program, "--config", path, (char *)NULL);
        _exit(127);
    }
}

static void stop_broker(const struct bench *bench)
{
    int status;

    kill(bench->pid, SIGTERM);
    waitpid(bench->pid, &status, 0);
    bench_must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "scharnierd did not end well");
}

/* ---- messages ----------------------------------------------------------------------------------- */

static void set_address(struct sch_address *address, const char *text)
{
    bool valid = sch_address_set(address, text);

    assert(valid);
}

/* One letter, sealed once: the clients only change the id, as a fast system with ready letters would. */
static void make_message(struct bench *bench)
{
    static uint8_t letter[LETTER_SIZE];
    struct sch_header *header = &bench->header;
    struct sch_key seal_key = { .use = SCH_KEY_SEAL };
    struct sch_seal_to to;
    uint8_t bytes[SCH_HEADER_SIZE_MAX];
    sch_error error = SCH_ERROR_INIT;

    header->kind = SCH_KIND_REFERRAL;
    set_address(&header->sender, PRACTICE);
    set_address(&header->receiver, PROVIDER);
    header->sections_known = true;
    header->sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON;
    header->fact[SCH_FACT_ECHELON] = SCH_PARTY_S_GGZ;
    header->fact[SCH_FACT_URGENCY] = SCH_URGENCY_ROUTINE;
    header->fact[SCH_FACT_LETTER_DATE] = 20260105;
    header->fact[SCH_FACT_AUTHOR_ROLE] = SCH_ROLE_GP;
    header->fact[SCH_FACT_AUTHOR_AGB] = 1000001;
    header->id = sch_id_new((int64_t)(bench_us(CLOCK_REALTIME) / 1000));
    strcpy(seal_key.id, "provider-seal");
    memcpy(seal_key.public_key, bench->seal.public_key, sizeof seal_key.public_key);
    to = (struct sch_seal_to){ header->receiver, &seal_key };
    bench_must(sch_seal_make(&bench->sealed, bench->body, &bench->body_size,
                       (struct sch_bytes){ bytes, sch_header_encode(header, bytes, sizeof bytes) },
                       (struct sch_bytes){ letter, sizeof letter }, &to, 1, "practice-sign", bench->sign.secret_key,
                       &error) == SCH_OK,
         error.text);
}

static void send_one(struct bench *bench, struct client *client)
{
    uint8_t header[SCH_HEADER_SIZE_MAX], seal[SCH_SEAL_SIZE_MAX], frame[SCH_COMMAND_SIZE_MAX];
    struct sch_command command = { .request = client->next, .type = SCH_COMMAND_SUBMIT };
    struct sch_key seal_key = { .use = SCH_KEY_SEAL, .id = "provider-seal" };
    size_t size;

    bench->header.id = sch_id_new((int64_t)(bench_us(CLOCK_REALTIME) / 1000));
    command.submit.header = (struct sch_bytes){ header, sch_header_encode(&bench->header, header, sizeof header) };
    if (bench->verify) {
        static uint8_t letter[LETTER_SIZE];
        struct sch_seal_to to = { bench->header.receiver, &seal_key };
        int code;

        memcpy(seal_key.public_key, bench->seal.public_key, sizeof seal_key.public_key);
        code = sch_seal_make(&bench->sealed, bench->body, &bench->body_size, command.submit.header,
                             (struct sch_bytes){ letter, sizeof letter }, &to, 1, "practice-sign",
                             bench->sign.secret_key, NULL);
        assert(code == SCH_OK);
    }
    command.submit.seal = (struct sch_bytes){ seal, sch_seal_encode(&bench->sealed, seal, sizeof seal) };
    size = sch_command_encode(&command, frame, sizeof frame);
    assert(size > 0);
    client->sent_us[client->next++ % bench->window] = bench_us(CLOCK_MONOTONIC);
    bench_must(zmq_send(client->socket, frame, size, ZMQ_SNDMORE) == (int)size, "send");
    bench_must(zmq_send(client->socket, bench->body, bench->body_size, 0) == (int)bench->body_size, "send");
}

/* ---- clients ------------------------------------------------------------------------------------ */

static void connect_client(struct bench *bench, struct client *client)
{
    struct sch_command hello = { .request = 1, .type = SCH_COMMAND_HELLO };
    uint8_t frame[SCH_COMMAND_SIZE_MAX];
    int none = 0, patience_ms = 10000;
    size_t size;

    client->socket = zmq_socket(bench->context, ZMQ_DEALER);
    zmq_setsockopt(client->socket, ZMQ_CURVE_SERVERKEY, bench->broker.public_key, 32);
    zmq_setsockopt(client->socket, ZMQ_CURVE_PUBLICKEY, bench->transport.public_key, 32);
    zmq_setsockopt(client->socket, ZMQ_CURVE_SECRETKEY, bench->transport.secret_key, 32);
    zmq_setsockopt(client->socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(client->socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms);
    bench_must(zmq_connect(client->socket, bench->endpoint) == 0, "connect");
    hello.hello.version_min = SCH_WIRE_MIN;
    hello.hello.version_max = SCH_WIRE_MAX;
    hello.hello.instance = sch_id_new(1);
    strcpy(hello.hello.software, "bench");
    size = sch_command_encode(&hello, frame, sizeof frame);
    bench_must(zmq_send(client->socket, frame, size, 0) == (int)size, "hello");
    bench_must(zmq_recv(client->socket, frame, sizeof frame, 0) > 0, "no welcome");
    client->next = bench->window;       /* so that no request is 0 */
}

static void receive(struct bench *bench, struct client *client, struct sch_arena *arena)
{
    uint8_t frame[SCH_COMMAND_SIZE_MAX];
    struct sch_reply reply;
    struct sch_fault fault;
    int size;

    while ((size = zmq_recv(client->socket, frame, sizeof frame, ZMQ_DONTWAIT)) > 0) {
        sch_arena_reset(arena);
        bench_must(sch_reply_decode((struct sch_bytes){ frame, (size_t)size }, arena, &reply, &fault) == SCH_OK, "reply");
        if (reply.type == SCH_REPLY_REJECTION) {
            bench->rejected++;
            fprintf(stderr, "durable: rejected: %s %s\n", reply.rejection.name, reply.rejection.field);
            exit(1);
        }
        if (reply.type != SCH_REPLY_RECEIPT)
            continue;
        if (bench->counting && bench->samples < SAMPLES_MAX)
            bench->sample_us[bench->samples++] =
                bench_us(CLOCK_MONOTONIC) - client->sent_us[reply.request % bench->window];
        send_one(bench, client);
    }
}

static uint64_t run_clients(struct bench *bench, unsigned seconds)
{
    zmq_pollitem_t item[CLIENTS_MAX];
    struct sch_arena arena;
    uint64_t start_us, end_us;

    bench_must(sch_arena_init(&arena, 1u << 20) == SCH_OK, "memory");
    for (unsigned i = 0; i < bench->clients; i++) {
        connect_client(bench, &bench->client[i]);
        item[i] = (zmq_pollitem_t){ bench->client[i].socket, 0, ZMQ_POLLIN, 0 };
    }
    for (unsigned i = 0; i < bench->clients; i++)
        for (unsigned w = 0; w < bench->window; w++)
            send_one(bench, &bench->client[i]);
    start_us = bench_us(CLOCK_MONOTONIC) + 500000;
    end_us = start_us + seconds * UINT64_C(1000000);
    while (bench_us(CLOCK_MONOTONIC) < end_us) {
        bench->counting = bench_us(CLOCK_MONOTONIC) >= start_us;
        if (zmq_poll(item, (int)bench->clients, 100) <= 0)
            continue;
        for (unsigned i = 0; i < bench->clients; i++)
            if ((item[i].revents & ZMQ_POLLIN) != 0)
                receive(bench, &bench->client[i], &arena);
    }
    end_us = bench_us(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < bench->clients; i++)
        zmq_close(bench->client[i].socket);
    sch_arena_close(&arena);
    return end_us - start_us;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    unsigned seconds = bench_number(argc, argv, 5, 5, 600);
    uint64_t took_us;

    if (argc < 3) {
        fprintf(stderr, "usage: durable SCHARNIERD DIR [clients] [window] [seconds] [verify]\n");
        return 2;
    }
    bench_must(sodium_init() >= 0, "libsodium");
    bench.dir = argv[2];
    bench.clients = bench_number(argc, argv, 3, 16, CLIENTS_MAX);
    bench.window = bench_number(argc, argv, 4, 8, WINDOW_MAX);
    bench.verify = argc > 6 && strcmp(argv[6], "verify") == 0;
    bench.sample_us = calloc(SAMPLES_MAX, sizeof *bench.sample_us);
    bench.context = zmq_ctx_new();
    bench_must(bench.sample_us != NULL && bench.context != NULL, "memory");
    write_region(&bench);
    make_message(&bench);
    start_broker(&bench, argv[1]);
    took_us = run_clients(&bench, seconds);
    stop_broker(&bench);
    zmq_ctx_term(bench.context);
    qsort(bench.sample_us, bench.samples, sizeof *bench.sample_us, bench_by_size);
    printf("scharnierd %u x %u%s: %.0f receipts/s, p50 %.1f ms, p99 %.1f ms\n", bench.clients, bench.window,
           bench.verify ? ", signatures checked" : "", (double)bench.samples * 1e6 / (double)took_us,
           bench_percentile_ms(bench.sample_us, bench.samples, 50),
           bench_percentile_ms(bench.sample_us, bench.samples, 99));
    free(bench.sample_us);
    return 0;
}
