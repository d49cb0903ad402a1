#include "flow/inbox.h"
