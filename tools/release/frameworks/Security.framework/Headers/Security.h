/*
 * Security - what libcurl uses of Apple's framework to ask the keychain about a certificate: see
 * CoreFoundation.h.
 */
#ifndef S3DOCK_SECURITY_H
#define S3DOCK_SECURITY_H

#include <CoreFoundation/CoreFoundation.h>

typedef struct __SecCertificate *SecCertificateRef;
typedef struct __SecPolicy *SecPolicyRef;
typedef struct __SecTrust *SecTrustRef;
typedef uint32_t SecTrustResultType;

enum { kSecTrustResultProceed = 1, kSecTrustResultUnspecified = 4 };

enum {
    kSecRevocationOCSPMethod = 1 << 0,
    kSecRevocationCRLMethod = 1 << 1,
    kSecRevocationRequirePositiveResponse = 1 << 3,
    kSecRevocationUseAnyAvailableMethod = kSecRevocationOCSPMethod | kSecRevocationCRLMethod,
};

SecCertificateRef SecCertificateCreateWithData(CFAllocatorRef allocator, CFDataRef data);
SecPolicyRef SecPolicyCreateRevocation(CFOptionFlags flags);
SecPolicyRef SecPolicyCreateSSL(Boolean server, CFStringRef host);
OSStatus SecTrustCreateWithCertificates(CFTypeRef certificates, CFTypeRef policies,
                                        SecTrustRef *trust);
OSStatus SecTrustEvaluate(SecTrustRef trust, SecTrustResultType *result);
bool SecTrustEvaluateWithError(SecTrustRef trust, CFErrorRef *error);
OSStatus SecTrustSetOCSPResponse(SecTrustRef trust, CFTypeRef response);

#endif
