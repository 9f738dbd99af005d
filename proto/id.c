/*
 * id.c: ids, addresses and kenmerken as text and back.
 *
 * Must not know: clocks (the time of a new id is an argument), directories, sockets.
 */
#include "id.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* ---- ids --------------------------------------------------------------------------------------- */

struct sch_id sch_id_new(int64_t now_ms)
{
    assert(now_ms >= 0 && now_ms < INT64_C(1) << 48);
    struct sch_id id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    for (int i = 0; i < 6; i++) {
        id.bytes[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    }
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

int64_t sch_id_time_ms(const struct sch_id *id)
{
    if ((id->bytes[6] & 0xf0) != 0x70 || (id->bytes[8] & 0xc0) != 0x80) {
        return -1;
    }
    int64_t ms = 0;
    for (int i = 0; i < 6; i++) {
        ms = ms << 8 | id->bytes[i];
    }
    return ms;
}

bool sch_id_is_none(const struct sch_id *id)
{
    static const struct sch_id none;
    return sch_id_equal(id, &none);
}

bool sch_id_equal(const struct sch_id *a, const struct sch_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* A dash stands before these bytes. */
static bool dash_before(size_t index)
{
    return index == 4 || index == 6 || index == 8 || index == 10;
}

void sch_id_text(const struct sch_id *id, char text[SCH_ID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *out = text;
    for (size_t i = 0; i < SCH_ID_SIZE; i++) {
        if (dash_before(i)) {
            *out++ = '-';
        }
        *out++ = digits[id->bytes[i] >> 4];
        *out++ = digits[id->bytes[i] & 0x0f];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool sch_id_parse(const char *text, struct sch_id *id)
{
    struct sch_id parsed;
    for (size_t i = 0; i < SCH_ID_SIZE; i++) {
        if (dash_before(i) && *text++ != '-') {
            return false;
        }
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0) {
            return false;
        }
        parsed.bytes[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != '\0') {
        return false;
    }
    *id = parsed;
    return true;
}

/* ---- addresses --------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How many of the first bytes are digits, and how many may stand in a name. */
static size_t digit_span(const char *text)
{
    size_t n = 0;
    while (is_digit(text[n])) {
        n++;
    }
    return n;
}

static size_t name_span(const char *text)
{
    size_t n = 0;
    while (is_digit(text[n]) || (text[n] >= 'a' && text[n] <= 'z') || text[n] == '-') {
        n++;
    }
    return n;
}

/* Either nothing more (when optional), or "/" and a name to the end. */
static bool mailbox_follows(const char *text, bool optional)
{
    if (*text == '\0') {
        return optional;
    }
    size_t span = *text == '/' ? name_span(text + 1) : 0;
    return span > 0 && text[1 + span] == '\0';
}

bool sch_address_valid(const char *text)
{
    if (strnlen(text, SCH_ADDRESS_MAX + 1) > SCH_ADDRESS_MAX) {
        return false;
    }
    if (strncmp(text, "agb:", 4) == 0 || strncmp(text, "kvk:", 4) == 0) {
        return digit_span(text + 4) == 8 && mailbox_follows(text + 12, true);
    }
    if (strncmp(text, "gemeente:", 9) == 0) {
        return digit_span(text + 9) == 4 && mailbox_follows(text + 13, false);
    }
    if (strncmp(text, "regio:", 6) == 0) {
        size_t span = name_span(text + 6);
        return span > 0 && span <= SCH_REGION_MAX && mailbox_follows(text + 6 + span, false);
    }
    return false;
}

bool sch_address_set(struct sch_address *address, const char *text)
{
    /* text may be address->text itself. */
    struct sch_address set = { "" };
    bool valid = sch_address_valid(text);
    if (valid) {
        memcpy(set.text, text, strlen(text));
    }
    *address = set;
    return valid;
}

void sch_address_organisation(const struct sch_address *address, struct sch_address *organisation)
{
    *organisation = *address;
    if (strncmp(address->text, "agb:", 4) != 0 && strncmp(address->text, "kvk:", 4) != 0) {
        return;
    }
    char *slash = strchr(organisation->text, '/');
    if (slash != NULL) {
        memset(slash, 0, sizeof organisation->text - (size_t)(slash - organisation->text));
    }
}

/* ---- kenmerken --------------------------------------------------------------------------------- */

#define SYMBOLS 7                       /* of five bits each, before the check character */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/*
 * A bijection on 35 bits: multiply, fold the upper half onto the lower, multiply. Both multipliers are
 * odd, so each has an inverse, and the fold undoes itself since 2 × 18 > 35.
 */
#define SCRAMBLE_A UINT64_C(0x2c1b3c6d5)
#define SCRAMBLE_B UINT64_C(0x297a2d39d)
#define UNSCRAMBLE_A UINT64_C(0x1eea1427d)
#define UNSCRAMBLE_B UINT64_C(0x4e9f94ab5)

static uint64_t mix(uint64_t number, uint64_t first, uint64_t second)
{
    number = number * first & (SCH_KENMERK_LIMIT - 1);
    number ^= number >> 18;
    return number * second & (SCH_KENMERK_LIMIT - 1);
}

/* ISO 7064's hybrid system with 32 signs (MOD 33,32, made as MOD 11,10 and MOD 37,36 are): the check is
 * itself one of the 32, and every single wrong sign is found. */
static unsigned check_symbol(uint64_t scrambled)
{
    unsigned product = 32;
    for (int i = SYMBOLS - 1; i >= 0; i--) {
        unsigned sum = (product + (unsigned)(scrambled >> (5 * i) & 31)) % 32;
        product = (sum == 0 ? 32 : sum) * 2 % 33;
    }
    return (33 - product) % 32;
}

void sch_kenmerk_text(uint64_t number, char text[SCH_KENMERK_SIZE + 1])
{
    assert(number < SCH_KENMERK_LIMIT);
    uint64_t scrambled = mix(number, SCRAMBLE_A, SCRAMBLE_B);
    char *out = text;
    memcpy(out, "SN-", 3);
    out += 3;
    for (int i = SYMBOLS - 1; i >= 0; i--) {
        *out++ = alphabet[scrambled >> (5 * i) & 31];
        if (i == 3) {
            *out++ = '-';
        }
    }
    *out++ = alphabet[check_symbol(scrambled)];
    *out = '\0';
}

/* The value of a sign, as people read and type it; -1 when it is none. */
static int symbol_value(char c)
{
    if (c >= 'a' && c <= 'z') {
        c = (char)(c - 'a' + 'A');
    }
    if (c == 'O') {
        return 0;
    }
    if (c == 'I' || c == 'L') {
        return 1;
    }
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

bool sch_kenmerk_parse(const char *text, uint64_t *number)
{
    /* The signs "SN" may lead or lack, so read at most ten and see how many there are. */
    int value[2 + SYMBOLS + 1];
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (*text == '-') {
            continue;
        }
        if (count == sizeof value / sizeof value[0] || symbol_value(*text) < 0) {
            return false;
        }
        value[count++] = symbol_value(*text);
    }
    size_t first = count == 2 + SYMBOLS + 1 ? 2 : 0;
    if (first == 2 && (value[0] != symbol_value('S') || value[1] != symbol_value('N'))) {
        return false;
    }
    if (count - first != SYMBOLS + 1) {
        return false;
    }
    uint64_t scrambled = 0;
    for (size_t i = first; i < first + SYMBOLS; i++) {
        scrambled = scrambled << 5 | (uint64_t)value[i];
    }
    if (check_symbol(scrambled) != (unsigned)value[first + SYMBOLS]) {
        return false;
    }
    *number = mix(scrambled, UNSCRAMBLE_B, UNSCRAMBLE_A);
    return true;
}
