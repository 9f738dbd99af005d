/* broker_fake.c: see broker_fake.h. */
#include "broker_fake.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "id.h"

#define CIVIL_MS INT64_C(1790000000000)
#define POLL_MS 5
#define BINDS 4000                      /* twenty seconds */

struct serving {
    struct sch_fake_broker *broker;
    void *router, *zap;
    struct sch_arena arena;
    uint8_t peer[64];
    size_t peer_size;
    struct sch_address attached[SCH_ATTACHED_MAX];
    size_t attached_count;
};

void sch_fake_lock(struct sch_fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
}

void sch_fake_unlock(struct sch_fake_broker *broker)
{
    pthread_mutex_unlock(&broker->lock);
}

static void open_router(struct serving *s)
{
    struct sch_fake_broker *broker = s->broker;
    int zero = 0, one = 1;
    s->router = zmq_socket(broker->context, ZMQ_ROUTER);
    zmq_setsockopt(s->router, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(s->router, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(s->router, ZMQ_CURVE_SECRETKEY, broker->world->server.secret_key, 32);
    zmq_setsockopt(s->router, ZMQ_ZAP_DOMAIN, "scharnier", 9);
    int bound = -1;
    for (int i = 0; i < BINDS && bound != 0; i++) {
        bound = zmq_bind(s->router, broker->endpoint[0] ? broker->endpoint : "tcp://127.0.0.1:*");
        if (bound != 0)
            zmq_poll(NULL, 0, POLL_MS); /* the former socket is still on its way out */
    }
    assert(bound == 0);
    size_t size = sizeof broker->endpoint;
    zmq_getsockopt(s->router, ZMQ_LAST_ENDPOINT, broker->endpoint, &size);
    s->peer_size = 0;
    s->attached_count = 0;
}

static void answer_zap(struct serving *s)
{
    char part[12][256];
    int count = 0, more = 1;
    size_t more_size = sizeof more;
    while (more && count < 12) {
        int size = zmq_recv(s->zap, part[count], sizeof part[count] - 1, 0);
        assert(size >= 0);
        part[count++][size < 255 ? size : 255] = 0;
        zmq_getsockopt(s->zap, ZMQ_RCVMORE, &more, &more_size);
    }
    const char *status = s->broker->refuse_keys ? "400" : "200";
    const char *reply[] = { "1.0", part[1], status, "", "user", "" };
    for (size_t i = 0; i < 6; i++)
        zmq_send(s->zap, reply[i], strlen(reply[i]), i < 5 ? ZMQ_SNDMORE : 0);
}

static void reply_with(struct serving *s, const struct sch_reply *reply, struct sch_bytes body)
{
    static uint8_t buffer[SCH_REPLY_SIZE_MAX];
    size_t size = sch_reply_encode(reply, &s->arena, buffer, sizeof buffer);
    assert(size > 0);
    zmq_send(s->router, s->peer, s->peer_size, ZMQ_SNDMORE);
    zmq_send(s->router, buffer, size, body.len ? ZMQ_SNDMORE : 0);
    if (body.len)
        zmq_send(s->router, body.ptr, body.len, 0);
}

static void reject(struct serving *s, uint64_t request, enum sch_error_code code,
                   const struct sch_id *message)
{
    struct sch_reply reply = { .request = request, .type = SCH_REPLY_REJECTION };
    reply.rejection.code = code;
    reply.rejection.name = sch_error_name(code);
    reply.rejection.field = "";
    reply.rejection.hint = sch_error_hint(code);
    if (message)
        reply.rejection.message = *message;
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

static void on_hello(struct serving *s, const struct sch_command *command)
{
    struct sch_fake_broker *broker = s->broker;
    if (broker->refuse_hello != SCH_OK) {
        reject(s, command->request, broker->refuse_hello, NULL);
        return;
    }
    broker->sessions++;
    s->attached_count = 0;
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_WELCOME };
    reply.welcome.version = reply.welcome.version_min = reply.welcome.version_max = 1;
    reply.welcome.time_ms = CIVIL_MS;
    reply.welcome.clock_rate = 1;
    strcpy(reply.welcome.key_id, "linde-transport");
    reply.welcome.body_size_max = SCH_BODY_SIZE_MAX;
    reply.welcome.credit_messages_max = SCH_CREDIT_MESSAGES_MAX;
    reply.welcome.credit_bytes_max = SCH_CREDIT_BYTES_MAX;
    reply.welcome.lease_ms = SCH_LEASE_MS;
    if (!broker->no_parts) {
        reply.welcome.large_size_max = SCH_LARGE_SIZE_MAX;
        reply.welcome.part_size = SCH_PART_SIZE;
    }
    strcpy(reply.welcome.directory[0].region, "utrecht");
    reply.welcome.directory[0].serial = broker->world->serial;
    reply.welcome.directory_count = 1;
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

static uint8_t *copy(struct sch_bytes bytes)
{
    uint8_t *out = malloc(bytes.len + 1);
    assert(out);
    if (bytes.len)
        memcpy(out, bytes.ptr, bytes.len);
    return out;
}

/* NULL: there is none, and none is free. */
static struct sch_fake_upload *find_upload(struct sch_fake_broker *broker, const struct sch_id *id)
{
    struct sch_fake_upload *unused = NULL;
    for (size_t i = 0; i < FAKE_UPLOADS; i++) {
        struct sch_fake_upload *upload = &broker->upload[i];
        if (sch_id_equal(&upload->id, id))
            return upload;
        if (sch_id_is_none(&upload->id))
            unused = upload;
    }
    return unused;
}

static void free_upload(struct sch_fake_upload *upload)
{
    for (size_t i = 0; i < SCH_PARTS_MAX; i++)
        free(upload->part[i]);
    memset(upload, 0, sizeof *upload);
}

static bool is_cut(struct sch_fake_broker *broker)
{
    bool cut = broker->cut_after > 0 && --broker->cut_after == 0;
    broker->bounce = broker->bounce || cut;
    return cut;
}

static void on_part(struct serving *s, const struct sch_command *command, struct sch_bytes part)
{
    struct sch_fake_broker *broker = s->broker;
    struct sch_fake_upload *upload = find_upload(broker, &command->part.upload);
    assert(upload);
    assert(strcmp(command->part.sender.text, WORLD_PRACTICE) == 0);
    if (part.len > 0 && is_cut(broker))
        return;
    if (broker->reject_parts > 0) {
        broker->reject_parts--;
        reject(s, command->request, broker->reject_part, NULL);
        return;
    }
    upload->id = command->part.upload;
    upload->count = command->part.count;
    size_t index = command->part.index;
    assert(index < upload->count && upload->count <= SCH_PARTS_MAX);
    broker->parts += part.len > 0;
    broker->parts_asked += part.len == 0;
    if (part.len > 0 && upload->part[index]) {
        broker->parts_again++;
    } else if (part.len > 0) {
        assert(part.len == SCH_PART_SIZE || index + 1 == upload->count);
        upload->part[index] = copy(part);
        upload->size[index] = part.len;
    }
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_PARTS };
    reply.parts.upload = upload->id;
    reply.parts.count = (uint32_t)upload->count;
    for (uint32_t i = 0; i < upload->count; i++) {
        if (!upload->part[i])
            reply.parts.missing[reply.parts.missing_count++] = i;
    }
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

/* The whole body and the hashes of its parts; false: parts are missing. */
static bool assemble(const struct sch_fake_upload *upload, uint8_t *body, size_t *size, uint8_t *hashes)
{
    *size = 0;
    for (size_t i = 0; i < upload->count; i++) {
        if (!upload->part[i])
            return false;
        sch_seal_part_hash((struct sch_bytes){ upload->part[i], upload->size[i] },
                           hashes + i * SCH_HASH_SIZE);
        memcpy(body + *size, upload->part[i], upload->size[i]);
        *size += upload->size[i];
    }
    return upload->count > 0;
}

static void on_fetch(struct serving *s, const struct sch_command *command)
{
    static uint8_t part[SCH_PART_SIZE];
    struct sch_fake_broker *broker = s->broker;
    const struct sch_fake_message *found = NULL;
    if (broker->mute_after == 1)
        return;
    broker->mute_after -= broker->mute_after > 0;
    for (size_t i = 0; i < broker->message_count; i++) {
        const struct sch_fake_message *message = &broker->message[i];
        if (message->offer && !message->settled && sch_id_equal(&message->id, &command->fetch.message))
            found = message;
    }
    if (!found || broker->reject_fetch != SCH_OK) {
        reject(s, command->request, found ? broker->reject_fetch : SCH_E_UNKNOWN_MESSAGE, NULL);
        broker->reject_fetch = SCH_OK;
        return;
    }
    size_t at = command->fetch.index * (size_t)SCH_PART_SIZE;
    assert(at < found->body_size);
    size_t size = found->body_size - at < SCH_PART_SIZE ? found->body_size - at : SCH_PART_SIZE;
    memcpy(part, found->body + at, size);
    broker->fetches++;
    if (broker->spoil_fetch > 0 && --broker->spoil_fetch == 0)
        part[size / 2] ^= 1;
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_FETCHED };
    reply.fetched.mailbox = command->fetch.mailbox, reply.fetched.message = command->fetch.message;
    reply.fetched.index = command->fetch.index, reply.fetched.count = (uint32_t)found->part_count;
    reply_with(s, &reply, (struct sch_bytes){ part, size });
}

static struct sch_fake_message *store(struct sch_fake_broker *broker, struct sch_bytes header,
                                      struct sch_bytes seal, struct sch_bytes body)
{
    assert(broker->message_count < FAKE_MESSAGES);
    struct sch_fake_message *message = &broker->message[broker->message_count++];
    struct sch_arena arena;
    struct sch_header decoded = { 0 };
    struct sch_fault fault;
    int code = sch_arena_init(&arena, 65536);
    assert(code == SCH_OK);
    if (sch_header_decode(header, &arena, &decoded, &fault) == SCH_OK)
        message->id = decoded.id;
    sch_arena_close(&arena);
    message->header = copy(header), message->header_size = header.len;
    message->seal = copy(seal), message->seal_size = seal.len;
    message->body = copy(body), message->body_size = body.len;
    sch_seal_hash(header, seal, body, message->hash);
    return message;
}

static void on_submit(struct serving *s, const struct sch_command *command, struct sch_bytes body)
{
    struct sch_fake_broker *broker = s->broker;
    struct sch_header header;
    struct sch_fault fault;
    broker->submits++;
    int code = sch_header_decode(command->submit.header, &s->arena, &header, &fault);
    assert(code == SCH_OK);
    bool meant = broker->reject_only == SCH_KIND_UNSPECIFIED || broker->reject_only == header.kind;
    if (meant && broker->reject_count > 0) {
        broker->reject_count--;
        reject(s, command->request, broker->reject, &header.id);
        return;
    }
    struct sch_fake_message *known = NULL;
    for (size_t i = 0; i < broker->message_count; i++)
        known = sch_id_equal(&broker->message[i].id, &header.id) ? &broker->message[i] : known;
    static uint8_t whole[SCH_LARGE_SIZE_MAX];
    uint8_t hash[32], hashes[SCH_PARTS_MAX * SCH_HASH_SIZE];
    struct sch_fake_upload *upload = NULL;
    struct sch_bytes digest = body;
    if (known && known->part_count > 0) {
        /* Receipted before: its parts are not asked for again, for the signature in its seal covers them. */
        bool same = known->header_size == command->submit.header.len &&
                    known->seal_size == command->submit.seal.len &&
                    memcmp(known->header, command->submit.header.ptr, known->header_size) == 0 &&
                    memcmp(known->seal, command->submit.seal.ptr, known->seal_size) == 0;
        broker->other_bytes += !same;
        memcpy(hash, known->hash, sizeof hash);
    } else if (!sch_id_is_none(&command->submit.upload)) {
        upload = find_upload(broker, &command->submit.upload);
        if (!upload || !assemble(upload, whole, &body.len, hashes)) {
            reject(s, command->request, SCH_E_UPLOAD_MISSING, &header.id);
            return;
        }
        body.ptr = whole;
        digest = (struct sch_bytes){ hashes, upload->count * SCH_HASH_SIZE };
    }
    if (!known || known->part_count == 0)
        sch_seal_hash(command->submit.header, command->submit.seal, digest, hash);
    if (known) {
        broker->duplicates++;
        broker->other_bytes += memcmp(known->hash, hash, 32) != 0;
    } else {
        struct sch_fake_message *message = store(broker, command->submit.header, command->submit.seal, body);
        memcpy(message->hash, hash, sizeof hash);
        message->part_count = upload ? upload->count : 0;
    }
    if (upload)
        free_upload(upload);
    if (broker->lose_receipts > 0) {
        broker->lose_receipts--;
        return;
    }
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_RECEIPT };
    reply.receipt.message = header.id;
    reply.receipt.dossier = sch_id_is_none(&header.dossier) ? header.id : header.dossier;
    sch_kenmerk_text(broker->message_count, reply.receipt.kenmerk);
    reply.receipt.sequence = broker->message_count;
    reply.receipt.stored_ms = CIVIL_MS;
    reply.receipt.duplicate = known != NULL;
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

static void on_settle(struct serving *s, const struct sch_command *command)
{
    struct sch_fake_broker *broker = s->broker;
    broker->settles++;
    broker->last_settle = *command;
    if (broker->lose_settled)
        return;
    struct sch_fake_message *found = NULL;
    for (size_t i = 0; i < broker->message_count; i++) {
        if (broker->message[i].offer && sch_id_equal(&broker->message[i].id, &command->settle.message))
            found = &broker->message[i];
    }
    if (!found) {
        reject(s, command->request, SCH_E_UNKNOWN_MESSAGE, &command->settle.message);
        return;
    }
    found->settled = command->settle.verdict != SCH_VERDICT_RETRY;
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_SETTLED };
    reply.settled.message = command->settle.message;
    reply.settled.mailbox = command->settle.mailbox;
    reply.settled.state = command->settle.verdict == SCH_VERDICT_REFUSED ? SCH_DELIVERY_REFUSED_BY_SYSTEM :
                          found->settled ? SCH_DELIVERY_COLLECTED : SCH_DELIVERY_STORED;
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

static void on_directory(struct serving *s, const struct sch_command *command)
{
    const struct sch_client_world *world = s->broker->world;
    s->broker->directories++;
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_DIRECTORY };
    strcpy(reply.directory.region, "utrecht");
    reply.directory.serial = world->serial;
    if (command->directory.have_serial < world->serial) {
        reply.directory.content.ptr = (const uint8_t *)world->directory;
        reply.directory.content.len = world->directory_size;
        reply.directory.signature = (struct sch_bytes){ world->signature, 64 };
    }
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

static void on_attach(struct serving *s, const struct sch_command *command)
{
    s->broker->attaches++;
    s->broker->farewells += command->attach.mailbox_count == 0;
    memcpy(s->attached, command->attach.mailbox, sizeof s->attached);
    s->attached_count = command->attach.mailbox_count;
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_ATTACHED };
    memcpy(reply.attached.mailbox, s->attached, sizeof s->attached);
    reply.attached.mailbox_count = s->attached_count;
    reply.attached.credit_messages = command->attach.credit_messages;
    reply.attached.credit_bytes = command->attach.credit_bytes;
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

/* What passed: pages of two rows, the cursor being the next row's number. */
static void on_passed(struct serving *s, const struct sch_command *command)
{
    struct sch_fake_broker *broker = s->broker;
    struct sch_passed_row rows[2];
    size_t at = command->query.cursor_size > 0 ? command->query.cursor[0] : 0, count = 0;
    memset(rows, 0, sizeof rows);
    for (; at < broker->passed_count && count < 2; at++)
        rows[count++] = broker->passed[at];
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_PAGE };
    reply.page = (struct sch_page){ .passed = rows, .passed_count = count,
                                    .cursor_size = at < broker->passed_count };
    reply.page.cursor[0] = (uint8_t)at;
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

/* Every other query is answered by a page of one dossier, the one that was asked for. */
static void on_query(struct serving *s, const struct sch_command *command)
{
    if (command->query.type == SCH_QUERY_PASSED) {
        on_passed(s, command);
        return;
    }
    struct sch_dossier_row row = { .dossier = command->query.dossier, .phase = SCH_PHASE_SENT,
                                   .region = "utrecht", .echelon = SCH_PARTY_S_GGZ,
                                   .urgency = SCH_URGENCY_ROUTINE,
                                   .opened_ms = CIVIL_MS, .changed_ms = CIVIL_MS };
    strcpy(row.referrer.text, WORLD_PRACTICE);
    strcpy(row.receiver.text, WORLD_GGZ);
    strcpy(row.creditor.text, WORLD_PRACTICE);
    sch_kenmerk_text(1, row.kenmerk);
    struct sch_reply reply = { .request = command->request, .type = SCH_REPLY_PAGE };
    reply.page = (struct sch_page){ .dossiers = &row, .dossier_count = 1 };
    reply_with(s, &reply, (struct sch_bytes){ 0 });
}

static void on_command(struct serving *s, const struct sch_command *command, struct sch_bytes body)
{
    struct sch_reply pong = { .request = command->request, .type = SCH_REPLY_PONG };
    pong.pong.time_ms = CIVIL_MS;
    switch (command->type) {
    case SCH_COMMAND_HELLO: on_hello(s, command); break;
    case SCH_COMMAND_SUBMIT: on_submit(s, command, body); break;
    case SCH_COMMAND_ATTACH: on_attach(s, command); break;
    case SCH_COMMAND_SETTLE: on_settle(s, command); break;
    case SCH_COMMAND_QUERY: on_query(s, command); break;
    case SCH_COMMAND_DIRECTORY: on_directory(s, command); break;
    case SCH_COMMAND_PING: reply_with(s, &pong, (struct sch_bytes){ 0 }); break;
    case SCH_COMMAND_PART: on_part(s, command, body); break;
    case SCH_COMMAND_FETCH: on_fetch(s, command); break;
    }
}

static void take_message(struct serving *s)
{
    static uint8_t frame[SCH_COMMAND_SIZE_MAX], body[SCH_BODY_SIZE_MAX];
    int size = zmq_recv(s->router, s->peer, sizeof s->peer, ZMQ_DONTWAIT);
    if (size < 0)
        return;
    s->peer_size = (size_t)size;
    size = zmq_recv(s->router, frame, sizeof frame, 0);
    assert(size >= 0);
    int more = 0, body_size = 0;
    size_t more_size = sizeof more;
    zmq_getsockopt(s->router, ZMQ_RCVMORE, &more, &more_size);
    if (more)
        body_size = zmq_recv(s->router, body, sizeof body, 0);
    assert(body_size >= 0);
    struct sch_command command;
    struct sch_fault fault;
    sch_arena_reset(&s->arena);
    int code = sch_command_decode((struct sch_bytes){ frame, (size_t)size }, &s->arena, &command, &fault);
    assert(code == SCH_OK);
    on_command(s, &command, (struct sch_bytes){ body, (size_t)body_size });
}

static void offer_all(struct serving *s)
{
    struct sch_fake_broker *broker = s->broker;
    for (size_t i = 0; i < broker->message_count && s->attached_count > 0; i++) {
        struct sch_fake_message *message = &broker->message[i];
        if (!message->offer || message->settled || message->offered_in == broker->sessions)
            continue;
        struct sch_reply reply = { .type = SCH_REPLY_DELIVERY };
        reply.delivery.mailbox = message->mailbox;
        reply.delivery.header = (struct sch_bytes){ message->header, message->header_size };
        reply.delivery.seal = (struct sch_bytes){ message->seal, message->seal_size };
        sch_kenmerk_text(i, reply.delivery.kenmerk);
        reply.delivery.stored_ms = CIVIL_MS;
        reply.delivery.redelivered = message->offered_in != 0;
        reply.delivery.sequence = i + 1;
        reply.delivery.part_count = (uint32_t)message->part_count;
        message->offered_in = broker->sessions;
        size_t body_size = message->part_count > 0 ? 0 : message->body_size;
        reply_with(s, &reply, (struct sch_bytes){ message->body, body_size });
    }
}

/* Deliveries that nobody has credit for: the first message that is offered, each time under another id. */
static void flood(struct serving *s)
{
    struct sch_fake_broker *broker = s->broker;
    uint8_t buffer[SCH_HEADER_SIZE_MAX];
    for (; broker->flood > 0 && s->attached_count > 0; broker->flood--) {
        struct sch_header header = { .id = sch_id_new(CIVIL_MS), .kind = SCH_KIND_NOTE };
        strcpy(header.sender.text, WORLD_PRACTICE);
        struct sch_reply reply = { .type = SCH_REPLY_DELIVERY };
        reply.delivery.mailbox = s->attached[0];
        size_t size = sch_header_encode(&header, buffer, sizeof buffer);
        reply.delivery.header = (struct sch_bytes){ buffer, size };
        reply.delivery.seal = (struct sch_bytes){ buffer, 1 };
        reply.delivery.part_count = 2;
        sch_kenmerk_text(1, reply.delivery.kenmerk);
        reply.delivery.stored_ms = CIVIL_MS;
        reply.delivery.sequence = 1;
        reply_with(s, &reply, (struct sch_bytes){ 0 });
        sch_arena_reset(&s->arena);
    }
}

static bool turn(struct serving *s)
{
    struct sch_fake_broker *broker = s->broker;
    zmq_pollitem_t item[] = { { s->zap, 0, ZMQ_POLLIN, 0 }, { s->router, 0, ZMQ_POLLIN, 0 } };
    zmq_poll(item, s->router ? 2 : 1, POLL_MS);
    sch_fake_lock(broker);
    if ((broker->bounce || broker->deaf) && s->router) {
        zmq_close(s->router);
        s->router = NULL;
    }
    broker->bounce = false;
    for (size_t i = 0; broker->forget_uploads && i < FAKE_UPLOADS; i++)
        free_upload(&broker->upload[i]);
    broker->forget_uploads = false;
    if (!s->router && !broker->deaf)
        open_router(s);
    if (item[0].revents)
        answer_zap(s);
    if (s->router) {
        take_message(s);
        sch_arena_reset(&s->arena);
        offer_all(s);
        flood(s);
    }
    bool go_on = !broker->stop;
    sch_fake_unlock(broker);
    return go_on;
}

static void *serve(void *argument)
{
    struct serving *s = argument;
    while (turn(s))
        ;
    if (s->router)
        zmq_close(s->router);
    zmq_close(s->zap);
    sch_arena_close(&s->arena);
    free(s);
    return NULL;
}

void sch_fake_start(struct sch_fake_broker *broker, const struct sch_client_world *world)
{
    memset(broker, 0, sizeof *broker);
    broker->world = world;
    broker->context = zmq_ctx_new();
    pthread_mutex_init(&broker->lock, NULL);
    struct serving *s = calloc(1, sizeof *s);
    assert(broker->context && s);
    s->broker = broker;
    s->zap = zmq_socket(broker->context, ZMQ_REP);
    int code = zmq_bind(s->zap, "inproc://zeromq.zap.01");
    assert(code == 0);
    code = sch_arena_init(&s->arena, (size_t)4 << 20);
    assert(code == SCH_OK);
    open_router(s);
    code = pthread_create(&broker->thread, NULL, serve, s);
    assert(code == 0);
}

void sch_fake_stop(struct sch_fake_broker *broker)
{
    sch_fake_lock(broker);
    broker->stop = true;
    sch_fake_unlock(broker);
    pthread_join(broker->thread, NULL);
    zmq_ctx_term(broker->context);
    for (size_t i = 0; i < broker->message_count; i++) {
        free(broker->message[i].header);
        free(broker->message[i].seal);
        free(broker->message[i].body);
    }
    for (size_t i = 0; i < FAKE_UPLOADS; i++)
        free_upload(&broker->upload[i]);
    pthread_mutex_destroy(&broker->lock);
}

void sch_fake_offer(struct sch_fake_broker *broker, size_t index, const char *mailbox)
{
    sch_fake_lock(broker);
    assert(index < broker->message_count);
    snprintf(broker->message[index].mailbox.text, sizeof broker->message[index].mailbox.text, "%s", mailbox);
    broker->message[index].offer = true;
    sch_fake_unlock(broker);
}

void sch_fake_put(struct sch_fake_broker *broker, const char *mailbox, struct sch_bytes header,
                  struct sch_bytes seal, struct sch_bytes body)
{
    sch_fake_lock(broker);
    struct sch_fake_message *message = store(broker, header, seal, body);
    snprintf(message->mailbox.text, sizeof message->mailbox.text, "%s", mailbox);
    message->offer = true;
    sch_fake_unlock(broker);
}
