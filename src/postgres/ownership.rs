//! Giving what template roles own in a copied database to its new owner.

use super::Result;
use super::connection::Connection;
use super::sql::{identifier, literal, literals};

/// A template's role that has something in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) name: String,
    /// It has more than objects: default privileges, or policies that name it.
    pub(super) entangled: bool,
}

/// Gives all that `owners` have in the database of `inside` to `to`.
pub(super) async fn give(inside: &Connection, database: &str, owners: &[&Owner], to: &str) -> Result<()> {
    let names: Vec<String> = owners.iter().map(|owner| identifier(&owner.name)).collect();
    let mut sql = format!("REASSIGN OWNED BY {} TO {}", names.join(", "), identifier(to));
    if owners.iter().any(|owner| owner.entangled) {
        let list = literals(owners.iter().map(|owner| owner.name.as_str()));
        sql = format!("{sql}; {}; DROP OWNED BY {}", disentangle(&list, to), names.join(", "));
    }
    inside.execute(&format!("give the objects of `{database}` to `{to}`"), &sql).await
}

/// What REASSIGN OWNED leaves to the old owner: ALTER DEFAULT PRIVILEGES, and policies by name.
fn disentangle(owners: &str, to: &str) -> String {
    let to = literal(to);
    format!(
        "DO $harness$ DECLARE one record; BEGIN
           FOR one IN
             WITH kept AS (
               SELECT d.oid, d.defaclobjtype AS type, d.defaclnamespace AS schema, d.defaclrole AS owner, a.*
                 FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) a
             ), usual AS (
               SELECT d.oid, d.defaclobjtype AS type, d.defaclnamespace AS schema, d.defaclrole AS owner, a.*
                 FROM pg_default_acl d CROSS JOIN aclexplode(acldefault(d.defaclobjtype, d.defaclrole)) a
                WHERE d.defaclnamespace = 0
             ), changes AS (
               SELECT 'GRANT' AS verb, 'TO' AS direction, kept.* FROM kept
               UNION ALL
               SELECT 'REVOKE', 'FROM', usual.* FROM usual WHERE NOT EXISTS (SELECT FROM kept
                 WHERE kept.oid = usual.oid AND kept.grantee = usual.grantee
                   AND kept.privilege_type = usual.privilege_type)
             )
             SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s %s %s ON %s %s %s %s', {to},
                 CASE WHEN schema <> 0 THEN 'IN SCHEMA ' || schema::regnamespace END, verb, privilege_type,
                 CASE type WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                           WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END,
                 direction, CASE grantee WHEN 0 THEN 'PUBLIC' WHEN owner THEN quote_ident({to})
                                         ELSE grantee::regrole::text END,
                 CASE WHEN is_grantable AND verb = 'GRANT' AND grantee NOT IN (0, owner)
                      THEN 'WITH GRANT OPTION' END) AS statement
               FROM changes JOIN pg_roles r ON r.oid = changes.owner WHERE r.rolname IN ({owners})
              ORDER BY verb DESC
           LOOP EXECUTE one.statement; END LOOP;
           FOR one IN
             SELECT format('ALTER POLICY %I ON %s TO %s', polname, polrelid::regclass,
                 (SELECT string_agg(DISTINCT CASE WHEN r.rolname IN ({owners}) THEN quote_ident({to})
                                                  WHEN role = 0 THEN 'PUBLIC'
                                                  ELSE quote_ident(r.rolname) END, ', ')
                    FROM unnest(polroles) AS role LEFT JOIN pg_roles r ON r.oid = role)) AS statement
               FROM pg_policy
              WHERE EXISTS (SELECT FROM pg_roles r WHERE r.oid = ANY (polroles) AND r.rolname IN ({owners}))
           LOOP EXECUTE one.statement; END LOOP;
         END $harness$"
    )
}
