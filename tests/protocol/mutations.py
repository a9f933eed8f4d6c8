"""One small mutation of the handler for each lifecycle rule: a line changed, and what catches it.

A rule whose mutation survives has no proof.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """``old`` becomes ``new`` in a file of the handler; ``test`` then fails."""

    rule: int
    broken: str
    file: str
    old: str
    new: str
    test: str


MUTATIONS = (
    Mutation(
        1,
        "something can fail between StartSession and the return",
        "lifecycle.py",
        "            return step().arn\n",
        "            return self.service.get_session(step()).arn.arn\n",
        "test_create.py::test_an_on_event_reads_nothing_after_its_start",
    ),
    Mutation(
        2,
        "an unknown outcome of StartSession raises",
        "lifecycle.py",
        "        except (Unsettled, Denied) as error:\n            self._note(error)\n",
        "        except Denied as error:\n            self._note(error)\n",
        "test_create.py::test_a_start_session_that_did_not_arrive_is_sent_again",
    ),
    Mutation(
        3,
        "a transient error while waiting is final",
        "lifecycle.py",
        "            if self._waited < patience:\n",
        "            if self._waited < 0:\n",
        "test_create.py::test_a_start_session_that_did_not_arrive_is_sent_again",
    ),
    Mutation(
        4,
        "a session that has ended passes for usable",
        "lifecycle.py",
        "        if session is not None and not session.is_live:\n            raise errors",
        "        if session is not None and session.state == 'FAILED':\n            raise errors",
        "test_create.py::test_a_session_that_ended_before_the_answer_is_no_success",
    ),
    Mutation(
        5,
        "strays are left",
        "lifecycle.py",
        "                self._end_strays(arn)\n",
        "                pass\n",
        "test_update.py::test_a_stray_is_ended_by_the_next_update",
    ),
    Mutation(
        6,
        "tags are removed that the resource didn't set",
        "decision.py",
        "            for k in before\n",
        "            for k in actual\n",
        "test_update.py::test_tags_of_others_stay",
    ),
    Mutation(
        7,
        "a rollback starts anew instead of coming back",
        "decision.py",
        "    matching = [s for s in owned() if s.is_live and s.spec == wanted_spec]\n",
        "    matching: list[Session] = []\n",
        "test_update.py::test_a_rollback_after_a_replacement_returns_to_the_session_it_left",
    ),
    Mutation(
        8,
        "a failed Update leaves what it started",
        "lifecycle.py",
        "            if self._started_here(arn, session):\n"
        "                self.service.terminate_session(arn)\n",
        "",
        "test_update.py::test_a_failed_update_has_ended_its_session_when_it_answers",
    ),
    Mutation(
        9,
        "a Delete doesn't wait for TERMINATED",
        "lifecycle.py",
        "        if session.is_over:\n            return None\n",
        "        if not session.is_live:\n            return None\n",
        "test_delete.py::test_a_delete_waits_until_the_session_is_over",
    ),
    Mutation(
        10,
        "a Delete with a made-up id looks once",
        "lifecycle.py",
        "        if not application_ids or not self._knows_its_start:\n",
        "        if True:\n",
        "test_create.py::test_a_cancelled_create_that_is_delivered_after_its_delete_leaves_no_session",
    ),
    Mutation(
        11,
        "a Delete of what is gone fails",
        "lifecycle.py",
        "            session = self.service.get_session(arn)\n"
        "        except NotFound:\n"
        "            return None\n"
        '        self.facts["state"] = session.state\n',
        "            session = self.service.get_session(arn)\n"
        "        except NotFound:\n"
        "            raise\n"
        '        self.facts["state"] = session.state\n',
        "test_delete.py::test_a_delete_of_a_session_whose_application_is_gone_succeeds",
    ),
    Mutation(
        12,
        "the application is left running",
        "lifecycle.py",
        "                self.service.stop_application(application_id)\n",
        "                return None\n",
        "test_delete.py::test_the_last_session_stops_its_application",
    ),
    Mutation(
        13,
        "the handler waits for longer than CloudFormation does",
        "lifecycle.py",
        "        if lost or self._waited >= self.limits.give_up_after:\n",
        "        if lost:\n",
        "test_create.py::test_a_start_that_takes_too_long_is_given_up_in_time",
    ),
    Mutation(
        14,
        "the log has the event, and with it the ResponseURL",
        "handler.py",
        "        event = event_of(request)\n",
        '        event = event_of(request)\n        log.line(event, "raw", 0, raw=raw)\n',
        "test_create.py::test_a_create_completes_when_its_session_is_usable",
    ),
    Mutation(
        15,
        "the stack isn't looked at again after a successor was started",
        "renewal.py",
        "            if not self._stack_is_at_rest():\n                self.service",
        "            if False:\n                self.service",
        "test_keep_alive.py::test_a_schedule_that_fires_during_a_delete_leaves_nothing[False]",
    ),
    Mutation(
        16,
        "each delivery of a schedule's call has a token of its own",
        "event.py",
        '        request_id = f"{scheduled} in place of {held}"\n',
        "        import uuid\n\n        request_id = str(uuid.uuid4())\n",
        "test_keep_alive.py::test_a_schedule_that_is_delivered_twice_starts_one_successor",
    ),
    Mutation(
        17,
        "a rollback doesn't come back to a successor, which has been ended",
        "decision.py",
        "        and (s.held_arn is None or s.held_arn != replaced)\n",
        "",
        "test_keep_alive.py::test_a_rollback_comes_back_to_the_successor",
    ),
    Mutation(
        18,
        "a Delete leaves the successor",
        "lifecycle.py",
        "            waiting_for = self._end_session(arn) or self._end_successors(arn)\n",
        "            waiting_for = self._end_session(arn)\n",
        "test_keep_alive.py::test_a_delete_ends_the_successor",
    ),
)
