/*
 * CoreFoundation - the part of Apple's framework that libcurl uses, written from Apple's
 * documentation.
 *
 * The compiler's package has no headers of frameworks. CoreFoundation.tbd lists the same functions for
 * the linker: the program uses the framework of the Mac.
 */
#ifndef S3DOCK_COREFOUNDATION_H
#define S3DOCK_COREFOUNDATION_H

#include <MacTypes.h>
#include <stdbool.h>
#include <stdint.h>

typedef long CFIndex;
typedef unsigned long CFOptionFlags;
typedef UInt32 CFStringEncoding;

typedef const void *CFTypeRef;
typedef const struct __CFAllocator *CFAllocatorRef;
typedef const struct __CFData *CFDataRef;
typedef const struct __CFDictionary *CFDictionaryRef;
typedef const struct __CFString *CFStringRef;
typedef struct __CFArray *CFMutableArrayRef;
typedef struct __CFError *CFErrorRef;
typedef struct CFArrayCallBacks CFArrayCallBacks;

#define kCFStringEncodingUTF8 0x08000100U

extern const CFArrayCallBacks kCFTypeArrayCallBacks;

void CFArrayAppendValue(CFMutableArrayRef array, const void *value);
CFMutableArrayRef CFArrayCreateMutable(CFAllocatorRef allocator, CFIndex capacity,
                                       const CFArrayCallBacks *callbacks);
CFDataRef CFDataCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length);
CFStringRef CFErrorCopyDescription(CFErrorRef error);
CFIndex CFErrorGetCode(CFErrorRef error);
void CFRelease(CFTypeRef object);
CFStringRef CFStringCreateWithCString(CFAllocatorRef allocator, const char *string,
                                      CFStringEncoding encoding);
Boolean CFStringGetCString(CFStringRef string, char *buffer, CFIndex size,
                           CFStringEncoding encoding);
CFIndex CFStringGetLength(CFStringRef string);
CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);

#endif
