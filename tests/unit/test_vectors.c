/*
 * test_vectors.c: proto/vectors/suite-1.ini is what this code makes of fixed keys and fixed chance.
 *
 * With --print it writes the file instead. Suite 2 is in test_vectors_parts.c.
 */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "id.h"
#include "ini.h"
#include "known_answers.h"
#include "seal.h"

#define VECTORS "proto/vectors/suite-1.ini"
#define SECOND "proto/vectors/suite-1-second.ini"

static void referral_header(struct sch_header *header)
{
    memset(header, 0, sizeof *header);
    header->id = sch_known_id(KNOWN_STORED_MS - 1000, 0x11);
    header->kind = SCH_KIND_REFERRAL;
    sch_address_set(&header->sender, "agb:01234567");
    sch_address_set(&header->receiver, "agb:06290713");
    sch_address_set(&header->copies[0], "agb:01234567/poh-ggz");
    header->copy_count = 1;
    header->sections = SCH_SECTION_QUESTION | SCH_SECTION_REASON;
    header->sections_known = true;
    header->fact[SCH_FACT_ECHELON] = SCH_PARTY_S_GGZ;
    header->fact[SCH_FACT_URGENCY] = SCH_URGENCY_ROUTINE;
    header->fact[SCH_FACT_LETTER_DATE] = 20260616;
    header->fact[SCH_FACT_AUTHOR_ROLE] = SCH_ROLE_GP;
    header->fact[SCH_FACT_AUTHOR_AGB] = 1054321;
}

static void acceptance_header(struct sch_header *header)
{
    memset(header, 0, sizeof *header);
    header->id = sch_known_id(KNOWN_STORED_MS + 86400000, 0x22);
    header->kind = SCH_KIND_ACCEPTANCE;
    sch_address_set(&header->sender, "agb:06290713");
    sch_address_set(&header->receiver, "agb:01234567");
    sch_address_set(&header->copies[0], "agb:01234567/poh-ggz");
    header->copy_count = 1;
    header->dossier = sch_known_id(KNOWN_STORED_MS - 1000, 0x11);
    header->fact[SCH_FACT_EXPECTED_DATE] = 20260701;
}

/* ---- a signed message -------------------------------------------------------------------------------- */

struct message {
    uint8_t header[SCH_HEADER_SIZE_MAX];
    uint8_t seal[SCH_SEAL_SIZE_MAX];
    uint8_t body[2048];
    size_t header_size, seal_size, body_size;
    struct sch_seal value;
};

static void put_seal(struct message *m, const struct sch_key_pair *sign)
{
    struct sch_bytes header = { m->header, m->header_size };
    struct sch_bytes body = { m->body, m->body_size };
    struct sch_known_signed text;
    uint8_t h[32];
    sch_known_h(&m->value, header, h);
    sch_known_bytes("h", h, 32);
    sch_known_signed(&m->value, h, body, &text);
    sch_known_bytes("body", m->body, m->body_size);
    sch_known_bytes("signed", text.bytes, text.size);
    sch_known_bytes("signature", m->value.signature, 64);
    assert_int_equal(crypto_sign_verify_detached(m->value.signature, text.bytes, text.size,
                                                 sign->public_key), 0);
    assert_int_equal(sch_seal_verify(&m->value, header, body, sign->public_key), SCH_OK);
    m->seal_size = sch_seal_encode(&m->value, m->seal, sizeof m->seal);
    assert_true(m->seal_size > 0);
    sch_known_bytes("seal", m->seal, m->seal_size);
}

static void put_referral(const struct sch_known_region *region, struct message *m)
{
    struct sch_header header;
    struct sch_letter letter = { .attachment_count = 0 };
    struct sch_seal_to to[2] = { region->provider_to, region->nurse_to };
    uint8_t plain[512], content_key[32], nonce[24], h[32], key[32];
    referral_header(&header);
    m->header_size = sch_header_encode(&header, m->header, sizeof m->header);
    letter.section[0] = "Graag beoordeling en behandeling.";
    letter.section[1] = "Sinds drie maanden somber, slaapt slecht.";
    size_t plain_size = sch_letter_encode(&letter, plain, sizeof plain);
    assert_true(m->header_size > 0 && plain_size > 0);
    randombytes_buf(content_key, sizeof content_key);
    randombytes_buf(nonce, sizeof nonce);
    assert_int_equal(sch_seal_make_fixed(&m->value, m->body, &m->body_size,
                                         (struct sch_bytes){ m->header, m->header_size },
                                         (struct sch_bytes){ plain, plain_size }, to, 2, "linde-gp-sign",
                                         region->gp_sign.secret_key, content_key, nonce),
                     SCH_OK);

    fprintf(sch_known_out, "\n[letter]\n");
    sch_known_text("signing_key", "linde-gp-sign");
    sch_known_text("recipients", "agb:06290713 noordrand-seal, agb:01234567/poh-ggz linde-poh-seal");
    sch_known_bytes("header", m->header, m->header_size);
    sch_known_bytes("letter", plain, plain_size);
    fprintf(sch_known_out, "padded_size = %u\n", (unsigned)m->value.padded_size);
    sch_known_bytes("content_key", content_key, 32);
    sch_known_bytes("nonce", nonce, 24);
    sch_known_h(&m->value, (struct sch_bytes){ m->header, m->header_size }, h);
    sch_known_key("scharnier.v1.encrypt", content_key, h, key);
    sch_known_bytes("encryption_key", key, 32);
    sch_known_key("scharnier.v1.commit", content_key, h, key);
    sch_known_bytes("commitment", key, 32);
    assert_memory_equal(key, m->value.commitment, 32);
    sch_known_bytes("sealed_key_1", m->value.stanza[0].sealed_key, SCH_STANZA_SIZE);
    sch_known_bytes("sealed_key_2", m->value.stanza[1].sealed_key, SCH_STANZA_SIZE);
    put_seal(m, &region->gp_sign);
}

static void put_acceptance(const struct sch_known_region *region, struct message *m)
{
    struct sch_header header;
    struct sch_bytes none = { NULL, 0 };
    acceptance_header(&header);
    m->header_size = sch_header_encode(&header, m->header, sizeof m->header);
    assert_true(m->header_size > 0);
    assert_int_equal(sch_seal_make(&m->value, NULL, &m->body_size, (struct sch_bytes){ m->header,
                                                                                       m->header_size },
                                   none, NULL, 0, "noordrand-sign", region->provider_sign.secret_key, NULL),
                     SCH_OK);
    fprintf(sch_known_out, "\n[no-letter]\n");
    sch_known_text("signing_key", "noordrand-sign");
    sch_known_bytes("header", m->header, m->header_size);
    put_seal(m, &region->provider_sign);
}

static void put_directory(const struct sch_known_region *region)
{
    static const char content[] = "[directory]\nregion = utrecht\nserial = 1\nnot_after = 2027-01-01\n";
    uint8_t hash[32], signature[64];
    crypto_generichash(hash, 32, (const uint8_t *)content, sizeof content - 1, NULL, 0);
    sch_directory_sign((const uint8_t *)content, sizeof content - 1, region->region.secret_key, signature);
    fprintf(sch_known_out, "\n[directory]\n");
    sch_known_bytes("content", content, sizeof content - 1);
    sch_known_bytes("hash", hash, 32);
    sch_known_bytes("signature", signature, 64);
}

/* ---- the worked exchange ------------------------------------------------------------------------------ */

static void put_command(const char *name, const struct sch_command *command)
{
    uint8_t frame[SCH_COMMAND_SIZE_MAX];
    size_t size = sch_command_encode(command, frame, sizeof frame);
    assert_true(size > 0);
    sch_known_bytes(name, frame, size);
}

static void put_reply(const char *name, const struct sch_reply *reply)
{
    uint8_t frame[SCH_COMMAND_SIZE_MAX];
    struct sch_arena arena;
    assert_int_equal(sch_arena_init(&arena, 65536), SCH_OK);
    size_t size = sch_reply_encode(reply, &arena, frame, sizeof frame);
    assert_true(size > 0);
    sch_known_bytes(name, frame, size);
    sch_arena_close(&arena);
}

static void put_welcome(void)
{
    struct sch_command hello = { .request = 1, .type = SCH_COMMAND_HELLO };
    hello.hello.version_min = hello.hello.version_max = 1;
    strcpy(hello.hello.software, "mijn-his 4.2");
    memset(hello.hello.instance.bytes, 0xa1, SCH_ID_SIZE);
    put_command("hello", &hello);

    struct sch_reply welcome = { .request = 1, .type = SCH_REPLY_WELCOME };
    welcome.welcome.version = welcome.welcome.version_min = welcome.welcome.version_max = 1;
    welcome.welcome.time_ms = KNOWN_STORED_MS - 2000;
    welcome.welcome.clock_rate = 1;
    strcpy(welcome.welcome.key_id, "linde-transport");
    sch_address_set(&welcome.welcome.acts_for[0], "agb:01234567");
    sch_address_set(&welcome.welcome.acts_for[1], "agb:01234567/poh-ggz");
    welcome.welcome.acts_for_count = 2;
    welcome.welcome.body_size_max = SCH_BODY_SIZE_MAX;
    welcome.welcome.credit_messages_max = SCH_CREDIT_MESSAGES_MAX;
    welcome.welcome.credit_bytes_max = SCH_CREDIT_BYTES_MAX;
    welcome.welcome.lease_ms = SCH_LEASE_MS;
    strcpy(welcome.welcome.directory[0].region, "utrecht");
    welcome.welcome.directory[0].serial = 1;
    welcome.welcome.directory_count = 1;
    put_reply("welcome", &welcome);
}

static void put_submission(const struct message *m)
{
    struct sch_command submit = { .request = 2, .type = SCH_COMMAND_SUBMIT };
    submit.submit.header = (struct sch_bytes){ m->header, m->header_size };
    submit.submit.seal = (struct sch_bytes){ m->seal, m->seal_size };
    put_command("submit", &submit);

    struct sch_reply receipt = { .request = 2, .type = SCH_REPLY_RECEIPT };
    receipt.receipt.message = receipt.receipt.dossier = sch_known_id(KNOWN_STORED_MS - 1000, 0x11);
    sch_kenmerk_text(4711, receipt.receipt.kenmerk);
    receipt.receipt.sequence = 88213;
    receipt.receipt.stored_ms = KNOWN_STORED_MS;
    put_reply("receipt", &receipt);

    struct sch_reply rejection = { .request = 2, .type = SCH_REPLY_REJECTION };
    rejection.rejection.code = SCH_E_UNKNOWN_RECEIVER;
    rejection.rejection.name = sch_error_name(SCH_E_UNKNOWN_RECEIVER);
    rejection.rejection.field = "header.receiver";
    rejection.rejection.hint = sch_error_hint(SCH_E_UNKNOWN_RECEIVER);
    rejection.rejection.message = receipt.receipt.message;
    put_reply("rejection", &rejection);
}

static void put_collection(const struct message *m)
{
    struct sch_command attach = { .request = 2, .type = SCH_COMMAND_ATTACH };
    sch_address_set(&attach.attach.mailbox[0], "agb:06290713");
    attach.attach.mailbox_count = 1;
    attach.attach.credit_messages = 8;
    attach.attach.credit_bytes = 4 * 1024 * 1024;
    put_command("attach", &attach);

    struct sch_reply attached = { .request = 2, .type = SCH_REPLY_ATTACHED };
    attached.attached.mailbox[0] = attach.attach.mailbox[0];
    attached.attached.mailbox_count = 1;
    attached.attached.credit_messages = 8;
    attached.attached.credit_bytes = 4 * 1024 * 1024;
    put_reply("attached", &attached);

    struct sch_reply delivery = { .request = 0, .type = SCH_REPLY_DELIVERY };
    delivery.delivery.mailbox = attach.attach.mailbox[0];
    delivery.delivery.header = (struct sch_bytes){ m->header, m->header_size };
    delivery.delivery.seal = (struct sch_bytes){ m->seal, m->seal_size };
    sch_kenmerk_text(4711, delivery.delivery.kenmerk);
    delivery.delivery.stored_ms = KNOWN_STORED_MS;
    delivery.delivery.sequence = 88213;
    put_reply("delivery", &delivery);

    struct sch_command settle = { .request = 3, .type = SCH_COMMAND_SETTLE };
    settle.settle.mailbox = attach.attach.mailbox[0];
    settle.settle.message = sch_known_id(KNOWN_STORED_MS - 1000, 0x11);
    settle.settle.verdict = SCH_VERDICT_COLLECTED;
    put_command("settle", &settle);

    struct sch_reply settled = { .request = 3, .type = SCH_REPLY_SETTLED };
    settled.settled.message = settle.settle.message;
    settled.settled.mailbox = attach.attach.mailbox[0];
    settled.settled.state = SCH_DELIVERY_COLLECTED;
    put_reply("settled", &settled);

    struct sch_reply status = { .request = 0, .type = SCH_REPLY_STATUS };
    status.status.message = settle.settle.message;
    status.status.mailbox = attach.attach.mailbox[0];
    status.status.state = SCH_DELIVERY_COLLECTED;
    status.status.at_ms = KNOWN_STORED_MS + 1020000;
    put_reply("status", &status);
}

static void put_all(void)
{
    struct sch_known_region region;
    struct message referral, acceptance;
    memset(&referral, 0, sizeof referral);
    memset(&acceptance, 0, sizeof acceptance);
    fprintf(sch_known_out,
            "# Known answers for suite 1 and for the worked exchange: PROTOCOL.md, \"Sealing\" and "
            "\"An exchange\".\n"
                 "# Bytes in hexadecimal. Written by tests/unit/test_vectors.c --print.\n\n");
    sch_known_region(&region);
    put_referral(&region, &referral);
    put_acceptance(&region, &acceptance);
    put_directory(&region);
    fprintf(sch_known_out, "\n[exchange]\n");
    put_welcome();
    put_submission(&referral);
    put_collection(&referral);
}

/* ---- tests ----------------------------------------------------------------------------------------------
 * */

static void the_file_is_what_we_make(void **state)
{
    (void)state;
    assert_true(sch_known_file_is(VECTORS, put_all));
}

static void a_vector_opens(void **state)
{
    (void)state;
    struct sch_known_region region;
    struct message m;
    uint8_t letter[512];
    size_t size = 0;
    memset(&m, 0, sizeof m);
    sch_known_out = fopen("/dev/null", "w");
    assert_non_null(sch_known_out);
    sch_known_region(&region);
    put_referral(&region, &m);
    fclose(sch_known_out);
    assert_int_equal(sch_seal_open(&m.value, (struct sch_bytes){ m.header, m.header_size },
                                   (struct sch_bytes){ m.body, m.body_size }, "agb:01234567/poh-ggz",
                                   region.nurse_seal.public_key, region.nurse_seal.secret_key, letter, &size,
                                   NULL),
                     SCH_OK);
    struct sch_arena arena;
    struct sch_letter opened;
    struct sch_fault fault;
    assert_int_equal(sch_arena_init(&arena, 65536), SCH_OK);
    assert_int_equal(sch_letter_decode((struct sch_bytes){ letter, size }, &arena, &opened, &fault), SCH_OK);
    assert_string_equal(opened.section[0], "Graag beoordeling en behandeling.");
    sch_arena_close(&arena);
}

/* ---- a letter of the other implementation ----------------------------------------------------------------
 * */

struct second {
    char hex[4][4096];
};

static int read_second(void *context, const struct sch_ini *ini, const char *section, const char *name,
                       const char *value)
{
    static const char *const names[] = { "header", "letter", "body", "seal" };
    struct second *second = context;
    (void)ini;
    (void)section;
    for (size_t i = 0; name != NULL && i < 4; i++)
        if (strcmp(name, names[i]) == 0 && strlen(second->hex[i]) + strlen(value) < sizeof second->hex[i])
            strcat(second->hex[i], value);
    return SCH_OK;
}

static struct sch_bytes bytes_of(const char *hex, uint8_t *buffer, size_t capacity)
{
    struct sch_bytes bytes = { buffer, 0 };
    assert_int_equal(sodium_hex2bin(buffer, capacity, hex, strlen(hex), NULL, &bytes.len, NULL), 0);
    assert_true(bytes.len > 0);
    return bytes;
}

static void a_letter_of_another_opens(void **state)
{
    (void)state;
    static struct second second;
    static uint8_t buffer[4][2048];
    struct sch_known_region region;
    struct sch_seal seal;
    struct sch_arena arena;
    struct sch_fault fault;
    struct sch_letter opened;
    uint8_t letter[512];
    size_t size = 0;
    sch_known_out = fopen("/dev/null", "w");
    assert_non_null(sch_known_out);
    sch_known_region(&region);
    fclose(sch_known_out);
    assert_int_equal(sch_ini_read_file(SECOND, read_second, NULL, &second, NULL), SCH_OK);
    struct sch_bytes header = bytes_of(second.hex[0], buffer[0], sizeof buffer[0]);
    struct sch_bytes plain = bytes_of(second.hex[1], buffer[1], sizeof buffer[1]);
    struct sch_bytes body = bytes_of(second.hex[2], buffer[2], sizeof buffer[2]);
    struct sch_bytes sealed = bytes_of(second.hex[3], buffer[3], sizeof buffer[3]);

    assert_int_equal(sch_arena_init(&arena, 65536), SCH_OK);
    assert_int_equal(sch_seal_decode(sealed, &arena, &seal, &fault), SCH_OK);
    assert_int_equal(sch_seal_verify(&seal, header, body, region.gp_sign.public_key), SCH_OK);
    assert_int_equal(sch_seal_open(&seal, header, body, "agb:06290713", region.provider_seal.public_key,
                                   region.provider_seal.secret_key, letter, &size, NULL),
                     SCH_OK);
    assert_int_equal(size, plain.len);
    assert_memory_equal(letter, plain.ptr, size);
    assert_int_equal(sch_letter_decode((struct sch_bytes){ letter, size }, &arena, &opened, &fault), SCH_OK);
    assert_string_equal(opened.section[4], "Geen acuut gevaar.");
    assert_string_equal(opened.attachment[0].name, "brief.txt");
    sch_arena_close(&arena);
}

int main(int argc, char **argv)
{
    if (!sch_known_chance() || sodium_init() < 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        sch_known_out = stdout;
        put_all();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_what_we_make),
        cmocka_unit_test(a_vector_opens),
        cmocka_unit_test(a_letter_of_another_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
