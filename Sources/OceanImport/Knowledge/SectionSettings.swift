extension Knowledge {
  private static let flow =
    "Dovecot asks its sources in a different order because of this; ocean asks them one after the other, and the first "
    + "that has the name decides"
  private static let naming = "names of sections, and what they log"
  private static let asking = "how Dovecot asks its sources"

  static let passdb = table([
    (.translated, ["driver", "args", "deny=no", "master=no"]),
    (
      .open(
        "what restricts logins here is not taken over: write allow_nets and nologin into the accounts' lines"),
      ["default_fields", "override_fields"]
    ),
    (
      .open("this source is only for some ways to log in, or for some names; ocean asks it for all"),
      ["mechanisms", "username_filter"]
    ),
    (
      .open(flow),
      [
        "pass=no", "skip=never", "result_success=return-ok", "result_failure=continue",
        "result_internalfail=continue",
      ]
    ),
    (.needless(naming), ["name", "auth_verbose=default"]),
    (.needless(asking), ["query"]),
  ])

  static let userdb = table([
    (.translated, ["driver", "args", "default_fields", "override_fields"]),
    (
      .open(flow),
      ["skip=never", "result_success=return-ok", "result_failure=continue", "result_internalfail=continue"]
    ),
    (.needless(naming), ["name", "auth_verbose=default"]),
    (.needless(asking), ["query"]),
  ])

  private static let folders = "folders of IMAP"

  static let namespace = table([
    (.translated, ["inbox=no", "location", "disabled=no", "prefix"]),
    (
      .needless(folders),
      [
        "separator", "hidden", "list", "subscriptions", "type", "alias_for", "ignore_on_failure", "order",
      ]
    ),
  ])

  static let mailbox = table([
    (.translated, ["autoexpunge=0", "autoexpunge_max_mails=0", "driver"]),
    (.needless(folders), ["special_use", "auto", "comment"]),
  ])

  static let listener = table([
    (.translated, ["address", "haproxy=no", "port", "ssl"]),
    (.needless(inside), ["reuse_port", "mode", "user", "group"]),
  ])

  /// Settings of the services that POP3 clients reach.
  static let service = table([
    (.translated, ["executable", "process_limit", "client_limit"]),
    (
      .needless(inside),
      [
        "chroot", "drop_priv_before_exec", "extra_groups", "group", "idle_kill", "privileged_group",
        "process_min_avail", "protocol", "service_count", "type", "user", "vsz_limit",
      ]
    ),
  ])
}
