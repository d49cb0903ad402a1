#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deploy/spec/judge.h"
#include "spec_kit.h"

#define VOLUME "6f6e65206f662061206875676520616d6f756e74206f6620766f6c756d657321"

/* One judgement. Everything that is not set is empty. */
struct trial {
    const char *file;    /* the container file */
    const char *inspect; /* members of the inspect of the candidate */
    const char *serving; /* of the container that serves, or NULL */
    const char *other;   /* of another container, or NULL */
    enum deploy_order order;
    uint16_t port, slot; /* and the next port */
    bool names;          /* the slots are names in the network web */
    bool fresh;
    uint64_t memory;
};

static struct unit_spec unit_of(const struct trial *trial)
{
    struct unit_spec unit = {.unit = "main",
                             .container = "shop.json5",
                             .order = trial->order,
                             .port = trial->port,
                             .fresh_volumes = trial->fresh};

    unit.slot_ports[SLOT_BLUE] = trial->slot;
    unit.slot_ports[SLOT_GREEN] = trial->slot ? (uint16_t)(trial->slot + 1) : 0;
    if (trial->names) {
        str_copy(unit.network, sizeof unit.network, "web");
        str_copy(unit.slot_names[SLOT_BLUE], sizeof unit.slot_names[0], "shop-blue");
        str_copy(unit.slot_names[SLOT_GREEN], sizeof unit.slot_names[0], "shop-green");
    }
    return unit;
}

/* Judges. The warnings are kept in `warnings`. */
static int run(const struct trial *trial, struct text *warnings, struct err *err)
{
    struct unit_spec unit = unit_of(trial);
    struct container_spec spec;
    struct docker_container candidate = container_of("shop.g2", trial->inspect);
    struct docker_container serving = {0}, other = {0};
    const struct docker_container *others[] = {&other};
    struct judge_input input = {.spec = &spec, .candidate = &candidate};
    int rc;

    if (container_spec_parse(&unit, view_str(trial->file), (struct view){0}, &spec, err))
        fail_msg("%s: %s", trial->file, err->text);
    if (trial->serving) {
        serving = container_of("shop", trial->serving);
        input.serving = &serving;
    }
    if (trial->other) {
        other = container_of("side", trial->other);
        input.others = others;
        input.other_count = 1;
    }
    input.memory_available = trial->memory;
    rc = judge(&input, warnings, err);
    container_spec_finish(&spec);
    docker_container_finish(&candidate);
    docker_container_finish(&serving);
    docker_container_finish(&other);
    return rc;
}

static void assert_passes(struct trial trial)
{
    struct err err = {0};

    if (run(&trial, NULL, &err))
        fail_msg("%s: %s", trial.file, err.text);
}

static void assert_refused(struct trial trial, const char *words)
{
    struct err err = {0};

    if (!run(&trial, NULL, &err))
        fail_msg("%s is accepted", trial.file);
    if (err.family != ERR_USAGE || strcmp(err.code, "judge") != 0 || !strstr(err.text, words))
        fail_msg("%s: %s is not \"%s\"", trial.file, err.text, words);
}

static void assert_warns(struct trial trial, const char *words)
{
    _cleanup_text_ struct text warnings = {0};
    struct err err = {0};

    text_init(&warnings, 16 * KIB);
    if (run(&trial, &warnings, &err))
        fail_msg("%s: %s", trial.file, err.text);
    if (!words)
        assert_string_equal(warnings.data, "");
    else if (!strstr(warnings.data, words))
        fail_msg("\"%s\" has no \"%s\"", warnings.data, words);
}

#define BINDING(ip, port)                                                                          \
    "HostConfig: {PortBindings: {'8080/tcp': [{HostIp: '" ip "', HostPort: '" port "'}]}}"

static void fixed_ports_cannot_be_in_two_containers(void **state)
{
    (void)state;
    assert_passes((struct trial){"{}", BINDING("127.0.0.1", "18081"), .port = 8080, .slot = 18081});
    assert_passes((struct trial){"{}", BINDING("127.0.0.1", "18082"), .port = 8080, .slot = 18081});
    assert_passes((struct trial){"{}", BINDING("", ""), .port = 8080, .slot = 18081});
    assert_refused((struct trial){"{}", BINDING("0.0.0.0", "18081"), .port = 8080, .slot = 18081},
                   "publishes 8080/tcp on port 18081");
    assert_refused((struct trial){"{}", BINDING("", "80"), .port = 8080, .slot = 18081},
                   "publishes 8080/tcp on port 80 of the host");
    assert_refused((struct trial){"{}", BINDING("127.0.0.1", "18081"), .port = 81, .slot = 18081},
                   "publishes");
    assert_passes((struct trial){"{}", BINDING("", "80"), .order = ORDER_STOP_FIRST, .port = 8080});
}

#define RUNS "State: {Status: 'running', Running: true}, "
#define PORTS(of, ip, port)                                                                        \
    RUNS "NetworkSettings: {Ports: {'" of "': [{HostIp: '" ip "', HostPort: '" port "'}]}}"

static struct trial taken(const char *owner)
{
    return (struct trial){"{}", BINDING("127.0.0.1", "18081"), .other = owner, .port = 8080,
                          .slot = 18081};
}

static void ports_of_other_containers_are_refused(void **state)
{
    struct trial trial = taken(PORTS("80/tcp", "0.0.0.0", "18081"));

    (void)state;
    assert_refused(trial, "the port 18081 of the host, which the container side has");
    trial.order = ORDER_STOP_FIRST;
    assert_refused(trial, "which the container side has");
    assert_refused(taken(PORTS("80/tcp", "127.0.0.1", "18081")), "side");
    assert_refused(taken(PORTS("80/tcp", "", "18081")), "side");
    assert_passes(taken(PORTS("80/tcp", "10.0.0.1", "18081")));
    assert_passes(taken(PORTS("80/tcp", "::", "18081")));
    assert_passes(taken(PORTS("80/udp", "0.0.0.0", "18081")));
    assert_passes(taken(PORTS("80/tcp", "0.0.0.0", "18083")));
    trial =
        taken("Config: {Labels: {'dev.s3dock.deploy': 'a/b/c'}}, " PORTS("80/tcp", "", "18081"));
    assert_refused(trial, "side");
    trial.inspect = "Config: {Labels: {'dev.s3dock.deploy': 'a/b/c'}}, " BINDING("", "18081");
    trial.order = ORDER_STOP_FIRST; /* of an interrupted run */
    assert_passes(trial);
    assert_passes(taken("NetworkSettings: {Ports: {'80/tcp': [{HostIp: '', HostPort: '18081'}]}}"));
    assert_passes(taken(RUNS "NetworkSettings: {Ports: {'80/tcp': null}}"));
}

static void exchanged_slots_are_refused(void **state)
{
    struct trial trial = taken(NULL);

    (void)state;
    trial.serving = PORTS("8080/tcp", "127.0.0.1", "18081");
    assert_refused(trial, "the slots of the entry were exchanged");
    trial.serving = PORTS("8080/tcp", "127.0.0.1", "18082");
    assert_passes(trial);
    trial.serving = PORTS("8080/tcp", "127.0.0.1", "18081");
    trial.order = ORDER_STOP_FIRST;
    assert_passes(trial);
    trial = (struct trial){"{}", "NetworkSettings: {Networks: {web: {Aliases: ['shop-blue']}}}",
                           .serving = RUNS
                           "NetworkSettings: {Networks: {web: {Aliases: ['x', 'shop-blue']}}}",
                           .port = 8080, .names = true};
    assert_refused(trial, "the name shop-blue in the network web");
    trial.serving = RUNS "NetworkSettings: {Networks: {web: {Aliases: ['shop-green']}}}";
    assert_passes(trial);
}

static void removed_containers_cannot_be_rolled_back(void **state)
{
    (void)state;
    assert_refused((struct trial){"{}", "HostConfig: {AutoRemove: true}"}, "AutoRemove");
    assert_refused(
        (struct trial){"{}", "HostConfig: {AutoRemove: true}", .order = ORDER_STOP_FIRST},
        "AutoRemove");
    assert_passes((struct trial){"{}", "HostConfig: {AutoRemove: false}"});
}

static void fixed_addresses_cannot_be_in_two_containers(void **state)
{
    static const char fixed[] = "NetworkSettings: {Networks: {web: {IPAMConfig: {IPv4Address: "
                                "'10.0.0.5'}}}}";
    static const char mac[] = "Config: {MacAddress: '02:42:0a:00:00:05'}";

    (void)state;
    assert_refused((struct trial){"{}", fixed}, "fixed IP address");
    assert_passes((struct trial){"{}", fixed, .order = ORDER_STOP_FIRST});
    assert_passes((struct trial){"{}", "NetworkSettings: {Networks: {web: {IPAMConfig: {}, "
                                       "MacAddress: '02:42:0a:00:00:05'}}}"});
    assert_refused((struct trial){"{MacAddress: '02:42:0a:00:00:05'}", mac}, "fixed MAC address");
    assert_passes(
        (struct trial){"{MacAddress: '02:42:0A:00:00:05'}", mac, .order = ORDER_STOP_FIRST});
    assert_refused((struct trial){"{NetworkingConfig: {EndpointsConfig: {web: {IPAMConfig: "
                                  "{IPv6Address: 'fd00::5'}}}}}",
                                  "Config: {}"},
                   "fixed IP address");
    assert_refused((struct trial){"{NetworkingConfig: {EndpointsConfig: {web: {MacAddress: "
                                  "'02:42:0a:00:00:05'}}}}",
                                  "Config: {}"},
                   "fixed MAC address");
}

static void borrowed_name_spaces_are_refused(void **state)
{
    (void)state;
    assert_refused((struct trial){"{}", "HostConfig: {NetworkMode: 'container:db'}"},
                   "NetworkMode \"container:db\"");
    assert_refused((struct trial){"{}", "HostConfig: {PidMode: 'container:db'}"}, "PidMode");
    assert_refused((struct trial){"{}", "HostConfig: {IpcMode: 'container:db'}"}, "IpcMode");
    assert_refused((struct trial){"{}", "HostConfig: {Links: ['/db:/shop/db']}"}, "Links");
    assert_passes((struct trial){"{}", "HostConfig: {IpcMode: 'private', Links: []}"});
}

static void containers_that_would_lose_their_network_are_named(void **state)
{
    struct trial trial = {"{}", "Config: {}", .serving = "Config: {}",
                          .other = "HostConfig: {NetworkMode: 'container:" KIT_ID "'}"};

    (void)state;
    assert_refused(trial, "the container side uses the network of shop");
    trial.other = "HostConfig: {PidMode: 'container:shop'}";
    assert_refused(trial, "side uses the name spaces of shop");
    trial.other = "HostConfig: {NetworkMode: 'container:shop2'}";
    assert_passes(trial);
    trial.other = "HostConfig: {NetworkMode: 'container:" KIT_ID "'}";
    trial.serving = NULL;
    assert_passes(trial);
}

static void the_network_of_the_host_has_one_port_once(void **state)
{
    static const char file[] = "{HostConfig: {NetworkMode: 'host'}}";
    static const char host[] = "HostConfig: {NetworkMode: 'host'}";

    (void)state;
    assert_refused((struct trial){file, host, .port = 80}, "network of the host");
    assert_passes((struct trial){file, host, .port = 80, .order = ORDER_STOP_FIRST});
    assert_passes((struct trial){file, host});
}

static void slots_need_a_network_that_publishes(void **state)
{
    static const char file[] = "{HostConfig: {NetworkMode: 'none'}}";
    static const char none[] = "HostConfig: {NetworkMode: 'none'}";
    struct trial trial = {file, none, .port = 80, .slot = 18081};

    (void)state;
    assert_refused(trial, "\"none\", in which no port is published");
    trial.order = ORDER_STOP_FIRST;
    assert_refused(trial, "at the slots of unit main");
    trial.file = "{HostConfig: {NetworkMode: 'host'}}";
    trial.inspect = "HostConfig: {NetworkMode: 'host'}";
    assert_refused(trial, "\"host\", in which no port is published");
    assert_passes((struct trial){file, none, .port = 80});
}

static void anonymous_volumes_lose_their_data(void **state)
{
    static const char mounted[] =
        "Mounts: [{Type: 'volume', Name: '" VOLUME "', Destination: '/data', RW: true}],"
        "HostConfig: {Binds: ['" VOLUME ":/data'], Mounts: [{Type: "
        "'volume', Source: '" VOLUME "', Target: '/data'}]}";

    (void)state;
    assert_refused((struct trial){"{}", mounted}, "a volume at /data for which shop.json5");
    assert_refused((struct trial){"{HostConfig: {Bind: ['" VOLUME ":/data']}}", mounted},
                   "did you mean Binds?");
    assert_passes((struct trial){"{}", mounted, .fresh = true});
    assert_passes((struct trial){"{HostConfig: {Binds: ['" VOLUME ":/data']}}", mounted});
    assert_passes((struct trial){"{HostConfig: {Mounts: [{Type: 'volume', Source: '" VOLUME
                                 "', Target: '/data'}]}}",
                                 mounted});
    assert_passes((struct trial){"{}", "Mounts: [{Type: 'volume', Name: 'shopdata'}, {Type: 'bind',"
                                       " Source: '/x'}, {}]"});
}

/* ---- every key of the spec is in the inspect ---- */

static void a_typo_is_named_with_the_nearest_key(void **state)
{
    static const char plain[] = "Config: {User: '', WorkingDir: ''},"
                                "HostConfig: {Memory: 0, MemorySwap: 0, ReadonlyRootfs: false,"
                                "LogConfig: {Type: 'json-file', Config: {}}}";

    (void)state;
    assert_refused((struct trial){"{HostConfig: {Memroy: 67108864}}", plain},
                   "the daemon ignores HostConfig.Memroy of shop.json5 (did you mean Memory?)");
    assert_refused((struct trial){"{Usr: 'app'}", plain}, "ignores Usr of shop.json5 (did you mean "
                                                          "User?)");
    assert_refused((struct trial){"{HostConfg: {Memory: 1}}", plain}, "did you mean HostConfig?");
    assert_refused((struct trial){"{HealthCheck2: {Test: ['x']}}", plain}, "did you mean "
                                                                           "Healthcheck?");
    assert_refused((struct trial){"{HostConfig: {LogConfig: {Typ: 'x'}}}", plain},
                   "ignores HostConfig.LogConfig.Typ");
    assert_refused((struct trial){"{Memory: 1}", plain}, "Memory of shop.json5: it belongs into "
                                                         "HostConfig");
    assert_refused((struct trial){"{HostConfig: {User: 'x'}}", plain}, "belongs to the top level");
    assert_refused((struct trial){"{HostConfig: {Zebra: 1}}", plain}, "ignores HostConfig.Zebra of "
                                                                      "shop.json5");
    assert_refused((struct trial){"{NetworkingConfig: {EndpointConfig: {a: {b: 1}}}}", plain},
                   "did you mean EndpointsConfig?");
    assert_refused((struct trial){"{Healthcheck: {Test: ['x'], Intervall: 5}}",
                                  "Config: {Healthcheck: {Test: ['x']}}"},
                   "did you mean Interval?");
}

static void a_value_that_was_not_taken_is_named(void **state)
{
    (void)state;
    assert_refused((struct trial){"{HostConfig: {Memory: 67108864}}", "HostConfig: {Memory: 0}"},
                   "did not take HostConfig.Memory of shop.json5: 67108864 became 0");
    assert_refused((struct trial){"{User: 'a'}", "Config: {User: 'b'}"}, "\"a\" became \"b\"");
    assert_refused((struct trial){"{HostConfig: {Init: true}}", "HostConfig: {}"},
                   "does not take HostConfig.Init");
    assert_refused((struct trial){"{Cmd: ['a', 'b']}", "Config: {Cmd: ['b', 'a']}"},
                   "did not take Cmd");
    assert_refused((struct trial){"{Env: ['PASSWORD=hunter2-hunter2']}", "Config: {Env: ['B=2']}"},
                   "the variable PASSWORD of unit main");
    assert_refused((struct trial){"{Env: ['A']}", "Config: {Env: ['A=1']}"}, "variable A");
    assert_refused((struct trial){"{Labels: {a: 'b'}}", "Config: {Labels: {A: 'b'}}"},
                   "the label \"a\"");
    assert_refused(
        (struct trial){"{HostConfig: {Binds: ['/a:/b:ro']}}", "HostConfig: {Binds: ['/a:/b']}"},
        "HostConfig.Binds");
    assert_refused((struct trial){"{HostConfig: {Ulimits: [{Name: 'nofile', Soft: 1, Hard: 2}]}}",
                                  "HostConfig: {Ulimits: [{Name: 'nofile', Soft: 1, Hard: 1}]}"},
                   "HostConfig.Ulimits");
    assert_refused((struct trial){"{HostConfig: {PortBindings: {'80/tcp': [{HostPort: '1'}]}}}",
                                  "HostConfig: {PortBindings: {'80/udp': [{HostPort: '1'}]}}",
                                  .order = ORDER_STOP_FIRST},
                   "HostConfig.PortBindings");
    assert_refused(
        (struct trial){"{HostConfig: {Mounts: [{Type: 'bind', Source: '/a', Target: '/b',"
                       " ReadOnyl: true}]}}",
                       "HostConfig: {Mounts: [{Type: 'bind', Source: '/a', Target: '/b'"
                       "}]}, Mounts: [{Type: 'bind', Source: '/a', Destination: '/b', RW: "
                       "true}]"},
        "HostConfig.Mounts");
    assert_refused(
        (struct trial){"{HostConfig: {Mounts: [{Type: 'bind', Source: '/a', Target: '/b',"
                       " ReadOnyl: true}]}}",
                       "HostConfig: {}, Mounts: [{Type: 'bind', Source: '/a', "
                       "Destination: '/b', RW: true}]"},
        "HostConfig.Mounts");
    assert_refused((struct trial){"{Volumes: {'/x': {}}}", "Config: {Volumes: {'/y': {}}}"},
                   "did not take Volumes");
}

static void the_forms_of_daemons_are_known(void **state)
{
    static const struct {
        const char *file, *inspect;
    } cases[] = {
        {"{Cmd: 'run'}", "Config: {Cmd: ['run']}"},
        {"{Entrypoint: ['']}", "Config: {Entrypoint: null}"},
        {"{Entrypoint: ['']}", "Config: {Entrypoint: ['']}"},
        {"{WorkingDir: '/app/'}", "Config: {WorkingDir: '/app'}"},
        {"{StopSignal: 'SIGINT'}", "Config: {StopSignal: '2'}"},
        {"{StopSignal: 'SIGRTMIN+3'}", "Config: {StopSignal: '37'}"},
        {"{ExposedPorts: {'80': {}, '53/udp': {}}}",
         "Config: {ExposedPorts: {'53/udp': {}, '80/tcp': {}}}"},
        {"{Healthcheck: {Test: ['CMD', 'x'], Interval: 0, Retries: 3}}",
         "Config: {Healthcheck: {Test: ['CMD', 'x'], Retries: 3}}"},
        {"{Labels: {}, Env: [], HostConfig: {}}", "Config: {}"},
        {"{Volumes: {'/x': {}}}", "Config: {Volumes: {'/x': {}}}"},
        {"{Volumes: {'/x/': {}}}", "Mounts: [{Type: 'volume', Name: 'n', Destination: '/x'}]"},
        {"{user: 'x'}", "Config: {User: 'x'}"},
        {"{HostConfig: {CapAdd: ['net_admin'], CapDrop: ['ALL']}}",
         "HostConfig: {CapAdd: ['CAP_NET_ADMIN'], CapDrop: ['ALL']}"},
        {"{HostConfig: {SecurityOpt: ['no-new-privileges']}}",
         "HostConfig: {SecurityOpt: ['label=disable', 'no-new-privileges']}"},
        {"{HostConfig: {Ulimits: [{Name: 'nofile', Soft: 1, Hard: 2}]}}",
         "HostConfig: {Ulimits: [{Name: 'RLIMIT_NPROC', Soft: 5, Hard: 5},"
         " {Name: 'RLIMIT_NOFILE', Hard: 2, Soft: 1}]}"},
        {"{HostConfig: {PidsLimit: -1, MemorySwappiness: -1}}",
         "HostConfig: {PidsLimit: null, MemorySwappiness: null}"},
        {"{HostConfig: {Binds: ['data:/var/data', '/a:/b:ro,z']}}",
         "HostConfig: {Binds: ['/a:/b:ro,rprivate,rbind', 'data:/var/data:rw,nodev']}"},
        {"{HostConfig: {Mounts: [{Type: 'volume', Source: 'v', Target: '/v/', ReadOnly: true},"
         " {Type: 'tmpfs', Target: '/t', TmpfsOptions: {SizeBytes: 1}}]}}",
         "HostConfig: {Tmpfs: {'/t': 'size=1'}},"
         "Mounts: [{Type: 'volume', Name: 'v', Source: '/x', Destination: '/v', RW: false}]"},
        {"{HostConfig: {Mounts: [{Type: 'bind', Source: '/a', Target: '/b', Consistency: ''}]}}",
         "HostConfig: {Mounts: [{Type: 'bind', Source: '/a', Target: '/b'}]}"},
        {"{HostConfig: {Tmpfs: {'/run': 'rw,size=64k'}}}",
         "HostConfig: {Tmpfs: {'/run': 'size=64k,tmpcopyup'}}"},
        {"{HostConfig: {Devices: [{PathOnHost: '/dev/a', PathInContainer: '/dev/b',"
         " CgroupPermissions: 'rwm'}]}}",
         "HostConfig: {Devices: [{PathOnHost: '/dev/a', PathInContainer: '/dev/b',"
         " CgroupPermissions: ''}]}"},
        {"{HostConfig: {PortBindings: {'80': [{HostPort: '8080'}]}}}",
         "HostConfig: {PortBindings: {'80/tcp': [{HostIp: '', HostPort: '8080'}]}}"},
        {"{HostConfig: {NetworkMode: 'default'}}", "HostConfig: {NetworkMode: 'bridge'}"},
        {"{HostConfig: {NetworkMode: 'web'}}",
         "HostConfig: {NetworkMode: 'bridge'}, NetworkSettings: {Networks: {web: {}}}"},
        {"{HostConfig: {NetworkMode: 'web'}, NetworkingConfig: {EndpointsConfig: {abc: {Aliases:"
         " ['x']}}}}",
         "HostConfig: {NetworkMode: 'web'}, NetworkSettings: {Networks: {web: {Aliases: ['y', 'x'],"
         " NetworkID: 'abc'}}}"},
        {"{MacAddress: '02:42:ac:11:00:02'}",
         "Config: {}, NetworkSettings: {Networks: {web: {MacAddress: '02:42:AC:11:00:02'}}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_passes((struct trial){cases[i].file, cases[i].inspect, .order = ORDER_STOP_FIRST});
}

static void networks_are_compared(void **state)
{
    struct trial trial = {"{}", "HostConfig: {NetworkMode: 'web'}", .port = 80, .names = true};

    (void)state;
    assert_refused(trial, "not in the network web");
    trial.inspect = "HostConfig: {NetworkMode: 'web'}, NetworkSettings: {Networks: {web: {}}}";
    assert_passes(trial);
    trial.inspect = "HostConfig: {NetworkMode: 'db'}";
    assert_refused(trial, "web became db");
    trial.file = "{NetworkingConfig: {EndpointsConfig: {web: {Alias: ['x']}}}}";
    trial.inspect = "HostConfig: {NetworkMode: 'web'}, NetworkSettings: {Networks: {web: "
                    "{Aliases: ['shop-blue']}}}";
    assert_refused(trial, "the network web: Alias");
}

static void limits_of_the_kernel_are_warnings(void **state)
{
    (void)state;
    assert_warns((struct trial){"{HostConfig: {MemorySwap: 5}}", "HostConfig: {MemorySwap: -1}"},
                 "HostConfig.MemorySwap of shop.json5 has another value");
    assert_warns((struct trial){"{HostConfig: {KernelMemory: 5}}", "HostConfig: {}"},
                 "HostConfig.KernelMemory of shop.json5 is not shown");
}

static void podman_may_hide_what_it_knows(void **state)
{
    static const char podman[] = "HostConfig: {Runtime: 'oci', DeviceCgroupRules: null}";

    (void)state;
    assert_warns((struct trial){"{HostConfig: {Sysctls: {'a.b': '1'}}}", podman},
                 "HostConfig.Sysctls of shop.json5 is not shown");
    assert_warns((struct trial){"{HostConfig: {DeviceCgroupRules: ['c 1:3 mr']}}", podman},
                 "HostConfig.DeviceCgroupRules of shop.json5 could not be checked");
    assert_refused((struct trial){"{HostConfig: {Sysctl: {'a.b': '1'}}}", podman},
                   "did you mean Sysctls?");
}

/* ---- warnings ---- */

static void shared_data_memory_and_logs_are_warnings(void **state)
{
    static const char mount[] = "Mounts: [{Type: 'bind', Source: '/srv/db', Destination: '/db',"
                                " RW: true}]";

    (void)state;
    assert_warns((struct trial){"{}", mount, .serving = mount}, "write to /db at the same time");
    assert_warns((struct trial){"{}", mount, .serving = mount, .order = ORDER_STOP_FIRST}, NULL);
    assert_warns((struct trial){"{}", mount, .serving = "Mounts: []"}, NULL);
    assert_warns((struct trial){"{}", "HostConfig: {Memory: 2097152}", .memory = MIB},
                 "may use 2 MiB of memory, and the host has 1 MiB free");
    assert_warns((struct trial){"{}", "HostConfig: {Memory: 2097152}", .memory = 2 * MIB}, NULL);
    assert_warns((struct trial){"{}", "HostConfig: {LogConfig: {Type: 'json-file', Config: {}}}"},
                 "the log of unit main has no limit");
    assert_warns((struct trial){"{}", "HostConfig: {LogConfig: {Type: 'json-file', Config: "
                                      "{'max-size': '1m'}}}"},
                 NULL);
    assert_warns((struct trial){"{}", "HostConfig: {LogConfig: {Type: 'journald'}}"}, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_ports_cannot_be_in_two_containers),
        cmocka_unit_test(ports_of_other_containers_are_refused),
        cmocka_unit_test(exchanged_slots_are_refused),
        cmocka_unit_test(removed_containers_cannot_be_rolled_back),
        cmocka_unit_test(fixed_addresses_cannot_be_in_two_containers),
        cmocka_unit_test(borrowed_name_spaces_are_refused),
        cmocka_unit_test(containers_that_would_lose_their_network_are_named),
        cmocka_unit_test(the_network_of_the_host_has_one_port_once),
        cmocka_unit_test(slots_need_a_network_that_publishes),
        cmocka_unit_test(anonymous_volumes_lose_their_data),
        cmocka_unit_test(a_typo_is_named_with_the_nearest_key),
        cmocka_unit_test(a_value_that_was_not_taken_is_named),
        cmocka_unit_test(the_forms_of_daemons_are_known),
        cmocka_unit_test(networks_are_compared),
        cmocka_unit_test(limits_of_the_kernel_are_warnings),
        cmocka_unit_test(podman_may_hide_what_it_knows),
        cmocka_unit_test(shared_data_memory_and_logs_are_warnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
