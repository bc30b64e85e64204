/// What ocean makes of the settings of Dovecot 2.3 that it has no setting for.
enum ImportKnowledge {
  enum Verdict {
    /// With what to do instead, or why nothing need be done.
    case withoutCounterpart(String)
    /// Settings that nobody will miss; those with one reason are listed together.
    case needless(String)
    case unknown
  }

  static func verdict(on setting: DovecotConfig.Setting) -> Verdict {
    if setting.name == "mail_plugins" { return verdict(onPlugins: setting.words) }
    if setting.name == "auth_mechanisms" { return verdict(onMechanisms: setting.words) }
    if let advice = advice[setting.name] { return .withoutCounterpart(advice) }
    if let reason = needless.first(where: { $0.prefixes.contains { setting.name.hasPrefix($0) } })?.reason {
      return .needless(reason)
    }
    return .unknown
  }

  private static func verdict(onPlugins plugins: [String]) -> Verdict {
    if plugins.contains(where: { ["zlib", "mail_compress", "mail_crypt"].contains($0) }) {
      return .withoutCounterpart(
        "messages that a plugin compressed or encrypted are sent as they are on disk, which clients cannot read: undo that "
          + "first, or leave these mailboxes to Dovecot")
    }
    if plugins.contains(where: { $0.hasPrefix("quota") }) {
      return .withoutCounterpart(
        "what ocean removes, Dovecot's quota learns of when it counts anew: doveadm quota recalc -u USER")
    }
    return .needless("settings of plugins")
  }

  private static func verdict(onMechanisms mechanisms: [String]) -> Verdict {
    let others = mechanisms.filter { !["plain", "login"].contains($0.lowercased()) }
    if others.isEmpty { return .needless("plain and login: clients of POP3 log in by USER and PASS") }
    return .withoutCounterpart(
      "clients log in by USER and PASS, over TLS; whoever is set to use \(others.joined(separator: ", ")) must be set to "
        + "use a normal password")
  }

  private static let tls =
    "tls.profile decides which versions and ciphers there are, and `ocean plan` shows them"
  private static let clientCertificates =
    "nobody logs in with a certificate, and none is asked for"
  private static let log =
    "ocean logs to standard error, which systemd keeps (journalctl -u ocean); one line a session goes to log.access"

  private static let advice: [String: String] = [
    "login_greeting": "the greeting names server.hostname",
    "auth_failure_delay": "a failed login is answered after 2s; anti_hammering blocks who goes on",
    "ssl_cipher_list": tls, "ssl_cipher_suites": tls, "ssl_curve_list": tls, "ssl_options": tls,
    "ssl_prefer_server_ciphers": tls, "ssl_protocols": tls,
    "ssl_ca": clientCertificates, "ssl_verify_client_cert": clientCertificates,
    "ssl_require_crl": clientCertificates, "auth_ssl_require_client_cert": clientCertificates,
    "auth_ssl_username_from_cert": clientCertificates, "ssl_cert_username_field": clientCertificates,
    "ssl_alt_cert": "a service presents one certificate for a name: take the one that all clients can use",
    "ssl_alt_key": "the key of ssl_alt_cert",
    "auth_master_user_separator": "nobody logs in as somebody else",
    "auth_username_translation": "names are taken as they come, without regard to case",
    "auth_realms": "a login is looked up as it is, and with server.default_domain",
    "auth_policy_server_url": "anti_hammering blocks who guesses passwords",
    "login_access_sockets": "ip_control says who may connect",
    "mail_chroot": "the server does not change its root", "mail_log_prefix": log,
    "log_path": log, "info_log_path": log, "debug_log_path": log, "syslog_facility": log,
    "log_timestamp": log,
    "login_log_format": log, "login_log_format_elements": log, "pop3_logout_format": log, "mail_debug": log,
    "auth_verbose": log, "auth_debug": log, "auth_verbose_passwords": "passwords are never logged",
    "auth_debug_passwords": "passwords are never logged",
    "pop3_no_flag_updates": "what RETR has sent is marked as seen",
    "pop3_reuse_xuidl":
      "X-UIDL headers are not looked at: clients that know messages by them fetch them again",
    "pop3_uidl_duplicates": "two messages never have one id",
    "pop3_client_workarounds": "messages are sent as they are",
    "pop3_delete_type": "what a client deletes is removed",
    "pop3_deleted_flag": "what a client deletes is removed",
    "pop3_enable_last": "LAST is no command of POP3 any more (RFC 1725)",
    "maildir_broken_filename_sizes": "sizes in file names are checked when a message is sent",
  ]

  /// By how the names begin, the first that fits.
  private static let needless: [(reason: String, prefixes: [String])] = [
    ("ids that Dovecot saved are in its dovecot-uidlist, which is read", ["pop3_save_uidl"]),
    ("a mailbox is always locked, sizes are always in an index", ["pop3_lock_session", "pop3_fast_size"]),
    ("made anew by OpenSSL", ["ssl_dh"]),
    ("certificates of other servers", ["ssl_client_"]),
    (
      "other protocols",
      [
        "imap", "lmtp", "lda_", "submission", "managesieve", "sieve", "urlauth", "postmaster_address",
        "recipient_delimiter",
        "quota_full_tempfail", "sendmail_path", "rejection_", "deliver_log_format", "doveadm_", "dsync_",
        "replication_",
        "director_", "hostname_", "mailbox_",
      ]
    ),
    ("other kinds of mailboxes", ["mbox_", "mdbox_", "dbox_", "mail_attachment_", "pop3c_", "imapc_"]),
    (
      "how Dovecot keeps, caches and locks",
      [
        "mail_cache", "mail_fsync", "mail_nfs", "mail_save_crlf", "mail_temp", "mail_prefetch", "mail_vsize",
        "mail_sort",
        "mail_index", "mail_max_keyword", "mail_max_lock", "mail_always_cache", "mail_never_cache",
        "mail_server", "mail_attribute",
        "mail_full_filesystem", "mail_shared", "mail_plugin_dir", "mail_location_", "maildir_",
        "mmap_disable", "dotlock_",
        "lock_method", "stats_", "auth_cache", "auth_worker",
      ]
    ),
    (
      "users and groups: there is one user, server.user",
      [
        "mail_gid", "mail_privileged_group", "mail_access_groups", "first_valid", "last_valid",
        "valid_chroot", "default_login_user",
        "default_internal",
      ]
    ),
    (
      "Dovecot's own processes and files",
      [
        "base_dir", "state_dir", "libexec_dir", "instance_name", "import_environment", "default_",
        "shutdown_clients", "verbose_",
        "version_ignore", "process_", "login_", "auth_socket", "config_cache", "haproxy_timeout", "rawlog",
        "event_", "metric",
        "auth_stats", "anvil_", "auth_policy", "auth_krb5", "auth_gssapi", "auth_anonymous", "auth_winbind",
        "auth_use_winbind",
        "auth_username_chars", "auth_proxy", "ssl_crypto", "last_login", "dict_", "oldstats", "old_stats",
        "namespace_",
      ]
    ),
  ]
}
