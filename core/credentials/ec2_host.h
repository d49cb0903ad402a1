/*
 * ec2_host - decides from the description of the hardware whether this machine is an EC2 instance.
 *
 * Other machines have no instance metadata service. A request to its address there costs a second,
 * because many networks drop it.
 */
#ifndef S3DOCK_CREDENTIALS_EC2_HOST_H
#define S3DOCK_CREDENTIALS_EC2_HOST_H

struct aws_system;

enum ec2_host {
    EC2_HOST_NO,
    EC2_HOST_YES,
    EC2_HOST_UNKNOWN, /* there is no description */
};

/* Reads files under /sys. Sends no request. */
enum ec2_host ec2_host_check(const struct aws_system *system);

#endif
