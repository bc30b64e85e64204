"""Runs fleets of ocean on hosts that are killed, stopped and cut off, and looks whether every promise is kept.

    python3 Tests/fleet [--ocean PROGRAM] [--seed N] [--rounds N] [--minutes N] [--only mail,limits,rollout]
    python3 Tests/fleet --prove-the-checks

Hosts are network namespaces with one server each: ocean, redis-server, PostgreSQL, HAProxy, sshd. A round is one fault and what
clients do around it, drawn from the seed. Everything ends with this program, however that ends. Needs root.

What is promised, and when it counts as broken:

mail (mail.py, ledger.py)
| promise                    | broken if                                                                                        |
|----------------------------|--------------------------------------------------------------------------------------------------|
| one session at a time      | two sessions had a mailbox at one time: each from the answer to PASS until it sent the last      |
|                            | command that was answered                                                                        |
| no message lost            | a message that was delivered before PASS, and whose removal nobody asked for with DELE and QUIT, |
|                            | is not listed, or its file is gone                                                               |
| removed is removed         | a message that was marked in a session whose QUIT was answered by +OK is listed, or is there     |
| one id per message         | a message was ever shown under two ids, by whatever host                                         |
| one message per id         | an id was ever shown for two messages                                                            |
| no message changed         | other octets or sizes are shown, or are in the file, than were delivered                         |
| nothing foreign            | there are files that nobody put there                                                            |
| verdicts are right         | a right password is called wrong, or is answered by [SYS/TEMP] while nothing was away            |
| no mailbox stays in use    | all clients are gone, all hosts run, and nobody gets in                                          |
| a session serves           | a command is answered by -ERR without a reason                                                   |

What was marked in a session whose QUIT was not answered may be removed or not, until the next session shows which.

limits (limits.py); with an odd seed the engine is the one that three Sentinels name, of two
| who guesses is blocked; no address past its limit | more than max_failures at one process, or more than that and one for each host    |
| a block is one of all hosts; a block stays        | a blocked address gets in anywhere, after whatever was killed or lost             |
| an unblock reaches all                            | it is refused anywhere afterwards                                                 |
| nobody is blocked for less                        | an address is refused that failed less often; a repeated password counts once     |
| connections are counted together                  | one more than connections_per_ip, 2.5 s after the last, while the engine answers  |
| a dead host's connections do not count            | they do 17.5 s after it was killed, frozen or cut off; or not as long as it lives |
| what is kicked ends everywhere; together again    | within 2.5 s; within 30 s after all is well, by the engine that is the master     |

rollout (rollout.py)
| a node goes back by itself                    | it still waits 10 s after its time                                        |
| no config is half-written                     | a file on a node is neither the old nor the new one                       |
| a node that goes back keeps its config        | it runs the old policy and has a new file                                 |
| what the tool says is so                      | exit code 0 and not all have it; 1 or 4 and not all have the old          |
| a tool that lives leaves no nodes that differ | nodes differ, and it was not killed                                       |
| nodes differ only by a confirmation that died | nodes differ, and it was killed before it confirmed all                   |
| no fleet is left half-changed                 | nodes differ, and `ocean fleet status` does not say HALF CONFIRMED;       |
|                                               | or files differ, and it does not end with 5                               |
| the next rollout finishes it                  | the same change once more does not bring all nodes to it, or leaves files |
"""

import argparse
import os
import sys
import threading
import time

import sandbox

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    parser = argparse.ArgumentParser(prog="python3 Tests/fleet", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ocean", default=".build/debug/ocean", help="the program (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what happens is drawn from this number")
    parser.add_argument("--rounds", type=int, default=10**6, help="how many rounds each part has at most")
    parser.add_argument("--minutes", type=float, default=3, help="how long each part takes at most (default: %(default)s)")
    parser.add_argument("--prove-the-checks", action="store_true", help="break fleets on purpose, and see whether it is noticed")
    parser.add_argument("--mutants", type=int, default=0, help="with --prove-the-checks: from this one on")
    parser.add_argument("--only", default="mail,limits,rollout", help="the parts, with commas between them (default: %(default)s)")
    parser.add_argument("--on", default=None, help="the directory for mail and state, on the file system that is to be tested")
    parser.add_argument("--export", default=None, help="mail is served by NFS: what this machine exports as /mail (see Tests/nfs)")
    parser.add_argument("--keep", default=None, help="a directory to which all is copied if a promise is broken")
    return parser.parse_args()


class Report:
    def __init__(self, options):
        self.options, self.broken = options, []
        self.lock = threading.Lock()

    def __call__(self, violation, where, story):
        with self.lock:
            self.broken.append(violation.promise)
            print(f"BROKEN: {violation.promise}: {violation.what}\n  {where}, seed {self.options.seed}\n{story}", flush=True)


def counted(test):
    return ", ".join(f"{word} {count}" for word, count in sorted(test.counts.items()))


def mail(network, options, directory, report):
    from mail import MailFleet, MailTest
    program = os.path.realpath(options.ocean)
    if options.export:
        fleets = [MailFleet(network, program, directory, "remote", "dovecot", False, export=options.export)]
    else:
        fleets = [MailFleet(network, program, directory, "plain", "ocean", False),
                  MailFleet(network, program, directory, "taken", "dovecot", True)]
    for fleet in fleets:
        fleet.start()
    deadline = time.monotonic() + options.minutes * 60
    tests = [MailTest(fleet, options.seed, options.rounds // len(fleets), deadline, report) for fleet in fleets]
    threads = [threading.Thread(target=test.run) for test in tests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for test in tests:
        print(f"mail, {test.fleet.name}: {test.done} rounds; {counted(test)}", flush=True)


def limits(network, options, directory, report):
    from limits import LimitsFleet, LimitsTest
    has_sentinels = options.seed % 2 == 1
    fleet = LimitsFleet(network, os.path.realpath(options.ocean), directory, has_sentinels=has_sentinels)
    fleet.start()
    test = LimitsTest(fleet, options.seed, options.rounds, time.monotonic() + options.minutes * 60, report)
    test.run()
    print(f"limits{', Sentinel' if has_sentinels else ''}: {test.done} rounds; at most {test.most} failures at all hosts; "
          f"{len(test.blocked)} blocked at the end; {counted(test)}", flush=True)


def rollout(network, options, directory, report):
    from rollout import LANES, RolloutFleet, RolloutTest
    fleets = [RolloutFleet(network, os.path.realpath(options.ocean), directory, number) for number in range(LANES)]
    for fleet in fleets:
        fleet.start()
    test = RolloutTest(fleets, options.seed, options.rounds, time.monotonic() + options.minutes * 60, report)
    test.run()
    print(f"rollout: {test.done} rounds; {counted(test)}", flush=True)


def main():
    options = arguments()
    directory = sandbox.enter(options.on)
    network = sandbox.Network()
    report = Report(options)
    if options.prove_the_checks:
        from mutants import prove
        os._exit(0 if prove(network, options, directory) else 1)
    print(f"seed {options.seed}", flush=True)
    for part in options.only.split(","):
        {"mail": mail, "limits": limits, "rollout": rollout}[part](network, options, directory, report)
    sys.stdout.flush()
    if report.broken and options.keep:
        sandbox.run("cp", "-a", directory, options.keep)
    os._exit(1 if report.broken else 0)


main()
