/*
 * SCDynamicStoreCopySpecific - the function of Apple's framework that libcurl calls once: see
 * CoreFoundation.h. After it, macOS finds hosts by IPv4 address in networks with IPv6 only.
 */
#ifndef S3DOCK_SCDYNAMICSTORECOPYSPECIFIC_H
#define S3DOCK_SCDYNAMICSTORECOPYSPECIFIC_H

#include <CoreFoundation/CoreFoundation.h>

CFDictionaryRef SCDynamicStoreCopyProxies(const void *store);

#endif
