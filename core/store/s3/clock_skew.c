/*
 * Up to a day apart, the store's time is used; further apart only if TLS has authenticated the
 * store.
 */
#include "store/s3/clock_skew.h"

#include "base/err.h"

enum clock_skew_answer clock_skew_judge(int64_t ours, int64_t theirs, bool proven)
{
    int64_t apart = theirs > ours ? theirs - ours : ours - theirs;

    if (theirs < CLOCK_SOURCE)
        return CLOCK_SKEW_REFUSED;
    if (apart <= CLOCK_SKEW_NEAR)
        return CLOCK_SKEW_CLOSE;
    return proven ? CLOCK_SKEW_FAR : CLOCK_SKEW_REFUSED;
}

int clock_skew_refuse(int64_t ours, int64_t theirs, bool proven, struct err *err)
{
    char here[CLOCK_RFC3339_SIZE], there[CLOCK_RFC3339_SIZE];

    clock_rfc3339(ours / NS_PER_S * NS_PER_S, here);
    clock_rfc3339(theirs / NS_PER_S * NS_PER_S, there);
    err_set(err, ERR_AUTH, "clock", "this machine's clock is at %s, the store's is at %s%s", here,
            there,
            theirs < CLOCK_SOURCE ? ", which is before this program was written"
            : proven              ? ""
                                  : ": more than a day apart, which is not accepted without TLS");
    return err_hint(err, "set this machine's clock (timedatectl set-ntp true)%s",
                    proven || theirs < CLOCK_SOURCE ? "" : ", or use https");
}
