/*
 * statistics.c: Kaplan and Meier's estimate with whole numbers of any length, and Wilson's interval with
 * scaled ones.
 */
#include "statistics.h"

#include <assert.h>

#include <scharnier/query.h>

/* ---- Kaplan and Meier --------------------------------------------------------------------------- */

/* A whole number in base 2^32, the lowest limb first, no zero above the highest. Each day on which somebody
 * is censored multiplies it by one limb at most, and a comparison by one more. */
#define LIMBS_MAX (SCH_SURVIVAL_DAYS + 2)

struct whole {
    uint32_t limb[LIMBS_MAX];
    size_t count;
};

static void multiply(struct whole *whole, uint32_t factor)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < whole->count; i++) {
        carry += (uint64_t)whole->limb[i] * factor;
        whole->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry > 0) {
        assert(whole->count < LIMBS_MAX);
        whole->limb[whole->count++] = (uint32_t)carry;
    }
}

static bool at_most(const struct whole *a, const struct whole *b)
{
    if (a->count != b->count)
        return a->count < b->count;
    for (size_t i = a->count; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i];
    return true;
}

/* left / right, times the share of those at risk since the last censoring who are still unanswered: at most
 * 1 / one_in? */
static bool is_low(const struct whole *left, const struct whole *right, uint32_t unanswered, uint32_t at_risk,
                   uint32_t one_in)
{
    struct whole a = *left, b = *right;

    multiply(&a, unanswered);
    multiply(&a, one_in);
    multiply(&b, at_risk);
    return at_most(&a, &b);
}

/*
 * The estimate is the product of (n - answered) / n over the days. Between two days with censoring the
 * factors cancel to (those left at the end) / (those at risk at the beginning): only such runs are multiplied
 * out.
 */
uint32_t sch_survival_days(const struct sch_survival *survival, uint32_t one_in)
{
    struct whole left = { { 1 }, 1 }, right = { { 1 }, 1 };
    uint32_t run = 0, at_risk;          /* at risk when the run of days without censoring began, and now */

    assert(one_in > 0);
    for (size_t day = 0; day < SCH_SURVIVAL_DAYS; day++)
        run += survival->answered[day] + survival->censored[day];
    at_risk = run;
    for (size_t day = 0; day < SCH_SURVIVAL_DAYS && at_risk > 0; day++) {
        at_risk -= survival->answered[day];
        if (survival->answered[day] > 0 &&
            (at_risk == 0 || is_low(&left, &right, at_risk, run, one_in)))
            return (uint32_t)day;
        if (survival->censored[day] == 0)
            continue;
        multiply(&left, at_risk);
        multiply(&right, run);
        at_risk -= survival->censored[day];
        run = at_risk;
    }
    return SCH_DAYS_UNREACHED;
}

/* ---- Wilson ------------------------------------------------------------------------------------- */

#define SCALE UINT64_C(10000)
#define Z2 UINT64_C(38415)              /* 1.959964^2, scaled */

static uint64_t root(uint64_t square)
{
    uint64_t low = 0, high = UINT32_MAX;

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;

        if (middle * middle <= square)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static uint32_t rounded(uint64_t part, uint64_t whole)
{
    return (uint32_t)((part + whole / 2) / whole);
}

/* (2k + z^2 -+ z sqrt(z^2 + 4 k (n - k) / n)) / 2 (n + z^2), everything times SCALE: the largest intermediate
 * stays below 2^62 for any n of 32 bits. */
struct sch_share sch_share_of(uint32_t part, uint32_t whole)
{
    uint64_t product = (uint64_t)part * (whole - part), spread, centre, width, below;
    struct sch_share share = { 0, 0, 1000 };

    assert(part <= whole);
    if (whole == 0)
        return share;
    spread = product / whole * 4 * SCALE + product % whole * 4 * SCALE / whole;
    centre = 2 * SCALE * part + Z2;
    width = root(Z2 * (Z2 + spread));
    below = 2 * (SCALE * whole + Z2);
    share.permille = rounded(UINT64_C(1000) * part, whole);
    share.low_permille = width < centre ? rounded(1000 * (centre - width), below) : 0;
    share.high_permille = rounded(1000 * (centre + width), below);
    return share;
}
