#include "pack/member.h"
