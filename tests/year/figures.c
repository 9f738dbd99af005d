/* figures.c: see figures.h. */
#include "figures.h"

#include <math.h>

#define TIE 1e-12

uint32_t figures_days_between(int32_t from, int32_t to)
{
    return to <= from ? 0 : to - from > FIGURES_DAYS - 1 ? FIGURES_DAYS - 1 : (uint32_t)(to - from);
}

uint32_t figures_waits_until(const uint32_t *answered, const uint32_t *censored, uint32_t all, double share)
{
    double waiting = 1;
    uint32_t at_risk = all;

    for (uint32_t day = 0; day < FIGURES_DAYS && at_risk > 0; day++) {
        waiting *= 1 - (double)answered[day] / at_risk;
        if (answered[day] > 0 && waiting <= share + TIE)
            return day;
        at_risk -= answered[day] + censored[day];
    }
    return SCH_DAYS_UNREACHED;
}

void figures_share(uint32_t k, uint32_t n, struct sch_statistics_row *row)
{
    double z = 1.959964, spread;

    row->high_permille = 1000;
    if (n == 0)
        return;
    spread = z * sqrt(z * z + 4.0 * k * (n - k) / n);
    row->within_permille = (uint32_t)lround(1000.0 * k / n);
    row->low_permille = (uint32_t)lround(1000 * fmax(0, (2.0 * k + z * z - spread) / (2 * (n + z * z))));
    row->high_permille = (uint32_t)lround(1000 * (2.0 * k + z * z + spread) / (2 * (n + z * z)));
}

bool figures_near(uint32_t a, uint32_t b)
{
    return a == b || a + 1 == b || b + 1 == a;
}
