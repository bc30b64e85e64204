extension Knowledge {
  static let otherProtocols = "other protocols"
  static let otherStorage = "other kinds of mailboxes"
  static let inside = "Dovecot's own processes and files"

  /// The prefixes of settings that only other Dovecot programs read.
  static let otherPrograms = [
    "imap_", "imapc_", "lmtp_", "lda_", "submission_", "managesieve_", "sieve_", "director_", "doveadm_",
    "dsync_", "replication_", "pop3c_", "mdbox_", "dbox_", "mbox_",
  ]

  private static let tls =
    "tls.profile decides which versions and ciphers there are, and `ocean plan` shows them"
  private static let clientCertificates =
    "nobody logs in with a certificate, and clients are not asked for one"
  private static let log =
    "ocean logs to standard error, which systemd keeps (journalctl -u ocean); one line a session goes to log.access"
  private static let director =
    "this Dovecot hands clients on to other servers; ocean serves mail where it is: import the config of those"

  /// Settings outside of sections.
  static let top = table([
    (
      .translated,
      [
        "auth_default_realm", "auth_mechanisms=plain", "auth_username_format=%Lu",
        "disable_plaintext_auth=yes", "haproxy_trusted_networks", "hostname", "listen=*, ::",
        "login_trusted_networks",
        "default_process_limit=100", "default_client_limit=1000",
        "mail_home", "mail_location", "mail_max_userip_connections=10", "mail_plugins", "mail_uid",
        "pop3_uidl_format=%08Xu%08Xv", "protocols", "ssl=yes", "ssl_alt_cert", "ssl_alt_key", "ssl_cert",
        "ssl_key", "ssl_key_password", "ssl_min_protocol",
      ]
    ),
    (.open(director), ["director_servers", "director_mail_servers"]),
    (
      .open(
        "messages that clients removed by POP3 stay in the Maildir, hidden from POP3 only. ocean removes them "
          + "for good, "
          + "and shows those again that are hidden now"),
      ["pop3_delete_type=default", "pop3_deleted_flag"]
    ),
    (.open("the server does not change its root: paths are those of the whole host"), ["mail_chroot"]),
    (
      .open("names are taken as they come: write the accounts as clients log in"),
      ["auth_username_translation"]
    ),
    (
      .open("each login needs a certificate of the client's, which ocean does not ask for"),
      ["auth_ssl_require_client_cert=no", "auth_ssl_username_from_cert=no"]
    ),
    (
      .open("another program says who may connect, which ocean does not ask: ip_control has such lists"),
      ["login_access_sockets"]
    ),
    (.open("a plugin of the login process, which ocean does not have"), ["login_plugins"]),
    (
      .withoutCounterpart("the greeting names server.hostname"),
      ["login_greeting=Dovecot (Debian) ready."]
    ),
    (
      .withoutCounterpart(
        "a failed login is answered after 2s; anti_hammering blocks an address that goes on"),
      ["auth_failure_delay=2 secs", "auth_internal_failure_delay=2 secs"]
    ),
    (
      .withoutCounterpart(tls),
      [
        "ssl_cipher_list=ALL:!kRSA:!SRP:!kDHd:!DSS:!aNULL:!eNULL:!EXPORT:!DES:!3DES:!MD5:!PSK:!RC4:!ADH:!LOW@STRENGTH",
        "ssl_cipher_suites", "ssl_curve_list", "ssl_options", "ssl_prefer_server_ciphers=no", "ssl_protocols",
      ]
    ),
    (
      .withoutCounterpart(clientCertificates),
      ["ssl_ca", "ssl_verify_client_cert=no", "ssl_require_crl=yes", "ssl_cert_username_field=commonName"]
    ),
    (
      .withoutCounterpart("hashes of weak schemes let their accounts log in, and `ocean check` names them"),
      ["auth_allow_weak_schemes=no"]
    ),
    (
      .withoutCounterpart("no user can log in as another one"),
      ["auth_master_user_separator", "master_user_separator"]
    ),
    (
      .withoutCounterpart("a login is looked up as it is, and with server.default_domain"), ["auth_realms"]
    ),
    (
      .withoutCounterpart("no policy server is asked; anti_hammering blocks addresses that guess passwords"),
      ["auth_policy_server_url"]
    ),
    (
      .withoutCounterpart(log),
      [
        "mail_log_prefix=%s(%u)<%{pid}><%{session}>: ", "log_path=syslog", "info_log_path", "debug_log_path",
        "syslog_facility=mail", "log_timestamp=%b %d %H:%M:%S ", "login_log_format=%$: %s",
        "login_log_format_elements=user=<%u> method=%m rip=%r lip=%l mpid=%e %c session=<%{session}>",
        "pop3_logout_format=top=%t/%p, retr=%r/%b, del=%d/%m, size=%s", "mail_debug=no", "auth_verbose=no",
        "auth_debug=no", "log_debug", "log_core_filter", "verbose_ssl=no",
      ]
    ),
    (
      .withoutCounterpart("passwords are never logged"),
      ["auth_verbose_passwords=no", "auth_debug_passwords=no"]
    ),
    (.withoutCounterpart("what RETR has sent is marked as seen"), ["pop3_no_flag_updates=no"]),
    (
      .different("X-UIDL headers are not looked at: clients that know messages by them fetch them again"),
      ["pop3_reuse_xuidl=no"]
    ),
    (.withoutCounterpart("two messages never have one id"), ["pop3_uidl_duplicates=allow"]),
    (.withoutCounterpart("messages are sent as they are"), ["pop3_client_workarounds"]),
    (.withoutCounterpart("LAST is not a command of POP3 any more (RFC 1725)"), ["pop3_enable_last=no"]),
    (
      .withoutCounterpart("sizes in file names are checked when a message is sent"),
      ["maildir_broken_filename_sizes=no"]
    ),
    (
      .different("users whose number is out of this range were refused; ocean reads all mail as server.user"),
      ["last_valid_uid=0", "last_valid_gid=0"]
    ),
    (
      .needless("ids that Dovecot saved are in its dovecot-uidlist, which is read"), ["pop3_save_uidl"]
    ),
    (
      .needless("a mailbox is always locked, sizes are always in an index"),
      ["pop3_lock_session", "pop3_fast_size_lookups"]
    ),
    (.needless("made by OpenSSL"), ["ssl_dh", "ssl_dh_parameters_length", "ssl_parameters_regenerate"]),
    (
      .needless("certificates of other servers"),
      [
        "mail_utf8_extensions=no", "ssl_client_key_password", "ssl_client_ca_dir", "ssl_client_ca_file",
        "ssl_client_cert", "ssl_client_key",
        "ssl_client_require_valid_cert",
      ]
    ),
    (
      .needless(otherProtocols),
      [
        "urlauth", "postmaster_address", "recipient_delimiter", "quota_full_tempfail", "sendmail_path",
        "rejection_reason", "rejection_subject", "deliver_log_format", "replicator_host", "replicator_port",
        "mailbox_idle_check_interval", "mailbox_list_index", "mailbox_list_index_include_inbox",
        "mailbox_list_index_very_dirty_syncs", "login_source_ips", "rawlog_dir", "mail_server_admin",
        "mail_server_comment", "mail_attribute_dict",
      ]
    ),
    (
      .needless(otherStorage),
      [
        "mail_attachment_detection_options", "mail_attachment_dir", "mail_attachment_fs",
        "mail_attachment_hash", "mail_attachment_min_size", "mail_shared_explicit_inbox",
      ]
    ),
    (
      .needless("how Dovecot keeps, caches and locks"),
      [
        "mail_cache_fields", "mail_always_cache_fields", "mail_never_cache_fields",
        "mail_cache_min_mail_count",
        "mail_fsync", "mail_nfs_index", "mail_nfs_storage", "mail_save_crlf", "mail_temp_dir",
        "mail_temp_scan_interval", "mail_prefetch_count", "mail_vsize_bg_after_count",
        "mail_sort_max_read_count", "mail_max_keyword_length", "mail_max_lock_timeout",
        "mail_full_filesystem_access", "mail_plugin_dir", "maildir_copy_with_hardlinks", "maildir_empty_new",
        "maildir_stat_dirs", "maildir_very_dirty_syncs", "mmap_disable", "dotlock_use_excl", "lock_method",
        "auth_cache_negative_ttl", "auth_cache_size", "auth_cache_ttl",
        "auth_cache_verify_password_with_worker", "auth_worker_max_count",
      ]
    ),
    (
      .needless("users and groups: there is one user, server.user"),
      [
        "mail_gid", "mail_privileged_group", "mail_access_groups", "first_valid_uid", "first_valid_gid",
        "valid_chroot_dirs", "default_login_user", "default_internal_user", "default_internal_group",
      ]
    ),
    (
      .needless(inside),
      [
        "base_dir", "state_dir", "libexec_dir", "instance_name", "import_environment", "default_idle_kill",
        "default_vsz_limit", "shutdown_clients", "verbose_proctitle", "version_ignore",
        "process_shutdown_filter", "login_plugin_dir", "login_proxy_max_disconnect_delay",
        "login_proxy_max_reconnects", "login_proxy_notify_path", "login_proxy_rawlog_dir",
        "login_proxy_timeout", "auth_socket_path", "config_cache_size", "haproxy_timeout", "auth_stats",
        "auth_krb5_keytab", "auth_gssapi_hostname", "auth_anonymous_username", "auth_winbind_helper_path",
        "auth_use_winbind", "auth_username_chars", "auth_proxy_self", "ssl_crypto_device", "dict_db_config",
        "stats_http_rawlog_dir", "stats_writer_socket_path", "old_stats_carbon_interval",
        "old_stats_carbon_name", "old_stats_carbon_server", "old_stats_command_min_time",
        "old_stats_domain_min_time", "old_stats_ip_min_time", "old_stats_memory_limit",
        "old_stats_session_min_time", "old_stats_user_min_time",
      ]
    ),
    (
      .needless("what is told to a policy server"),
      [
        "auth_policy_check_after_auth", "auth_policy_check_before_auth", "auth_policy_hash_mech",
        "auth_policy_hash_nonce", "auth_policy_hash_truncate", "auth_policy_log_only",
        "auth_policy_reject_on_fail", "auth_policy_report_after_auth", "auth_policy_request_attributes",
        "auth_policy_server_api_header", "auth_policy_server_timeout_msecs",
      ]
    ),
  ])
}
