extension Knowledge {
  private static let stored =
    "messages that Dovecot compressed or encrypted are sent as they are on disk, which clients cannot read: "
    + "undo that first "
    + "('doveadm backup' into Maildirs, with the plugin switched off for these), or leave these mailboxes to Dovecot"
  private static let search = "search and folders of IMAP, delivery"

  /// The plugins that POP3 loads, and how they are translated.
  static let plugins = table([
    (.open(stored), ["zlib", "mail_compress", "mail_crypt"]),
    (
      .open("another program changes messages when they are read, which ocean does not call"),
      ["mail_filter", "mail_lua"]
    ),
    (
      .open("messages that clients remove are kept in another folder; ocean removes them for good"),
      ["lazy_expunge"]
    ),
    (
      .open("what clients see is put together from several folders; ocean shows the Maildir itself"),
      ["virtual"]
    ),
    (
      .open(
        "clients know messages by the ids of the server before Dovecot, which this plugin asks for; those "
          + "that Dovecot "
          + "has saved (pop3_save_uidl) are kept, others are not"),
      ["pop3_migration"]
    ),
    (.open("mail is fetched into the INBOX from another mailbox; ocean shows the Maildir alone"), ["snarf"]),
    (
      .different(
        "what ocean changes is replicated at the next full run, not at once: replication_full_sync_interval"),
      ["replication"]
    ),
    (
      .withoutCounterpart("log.access has a line for each session, with what was removed"),
      ["mail_log", "notify", "notify_status"]
    ),
    (.withoutCounterpart("log.access tells who logged in when"), ["last_login"]),
    (.withoutCounterpart("a mailbox begins without a message of welcome"), ["welcome"]),
    (.withoutCounterpart("the service's unit confines the whole server: deploy/ocean.service"), ["apparmor"]),
    (
      .needless(search),
      [
        "acl", "imap_acl", "autocreate", "charset_alias", "expire", "fs_compress", "fts", "fts_solr",
        "fts_lucene", "fts_squat", "fts_flatcurve", "fts_xapian", "fts_elastic", "fts_elasticsearch",
        "imap_filter_sieve", "imap_sieve", "imap_zlib", "imap_stats", "imap_old_stats", "listescape",
        "mailbox_alias", "old_stats", "push_notification", "sieve", "stats", "trash", "antispam",
        "var_expand_crypt", "notify_bindsym",
      ]
    ),
  ])

  /// These plugins are judged by the quota backend in use.
  static let quotaPlugins: Set<String> = ["quota", "quota_clone", "imap_quota"]

  static func quotaAdvice(_ backend: String) -> String {
    switch backend.lowercased() {
    case "maildir":
      "quota = maildir: ocean appends to maildirsize what it has removed, so that there is room at once; not where the "
        + "Maildir that it serves is itself a folder of another. It refuses no mail, which delivery does"
    case "count":
      "quota = count: Dovecot learns what ocean has removed when it next opens the mailbox, or at once with: "
        + "doveadm quota recalc -u USER"
    case "fs": "quota = fs: the file system counts, and what ocean removes is free at once"
    default:
      "quota = \(backend): ocean removes messages without telling it; it counts again with: doveadm quota recalc -u USER"
    }
  }

  /// The prefixes of settings in `plugin` whose plugins are judged by `mail_plugins`.
  private static let pluginSettings = [
    "acl", "antispam", "apparmor", "autocreate", "autosubscribe", "charset_alias", "deleted_to_trash",
    "expire",
    "fts", "imapsieve", "imap_", "last_login", "lazy_expunge", "listescape", "mail_filter", "mail_log",
    "mail_lua", "mail_replica", "mailbox_alias", "managesieve", "notify", "old_stats", "pop3_migration",
    "push_notification", "push_lua", "quota", "recipient_delimiter", "replication", "sieve", "snarf", "stats",
    "trash", "virtual", "welcome", "zlib_save_level", "master_user", "mail_home", "spam",
  ]

  static func verdict(onPluginSetting setting: DovecotConfig.Setting) -> Verdict {
    if setting.value.isEmpty { return .needless("settings of plugins") }
    if setting.name == "zlib_save" || setting.name.hasPrefix("mail_crypt_") { return .open(stored) }
    return pluginSettings.contains { setting.name.hasPrefix($0) }
      ? .needless("settings of plugins") : .unknown
  }
}
