/*
 * Two tables decide: the kind of the failure (enum store_failure), then the family of its error.
 */
#include "push/upload/copy_errors.h"

enum copy_failure copy_failure_of(const struct store_op *op)
{
    if (op->answer != STORE_FAILED)
        return COPY_FAILURE_BASE;
    switch (op->failure) {
    case STORE_FORBIDDEN:
        return COPY_FAILURE_FORBIDDEN;
    case STORE_UNSUPPORTED:
    case STORE_REJECTED:
        return COPY_FAILURE_UNSUPPORTED;
    default:
        break;
    }
    switch (op->err.family) {
    case ERR_INTEGRITY:
    case ERR_CONFLICT:
    case ERR_NOT_FOUND:
        return COPY_FAILURE_BASE;
    default:
        return COPY_FAILURE_NONE;
    }
}

void copy_failure_add(enum copy_failure *failure, enum copy_failure other)
{
    if (other > *failure)
        *failure = other;
}
