//! Names and positions of the people at the customers and on our side.

use crate::sample::portfolio::Account;

/// Customer-success managers, each with accounts of their own.
pub const OWNERS: [&str; 12] = [
    "Amara Osei",
    "Ben Whitlock",
    "Chiara Lombardi",
    "Dmitri Volkov",
    "Elif Kaya",
    "Fiona Gallagher",
    "Hiro Tanabe",
    "Ines Duarte",
    "Jonas Lindqvist",
    "Kavya Raman",
    "Leon Fischer",
    "Marta Nowak",
];
/// Takes over accounts that have given notice.
pub const WIN_BACK_OWNER: &str = "Nadia Rahimi";
/// Leads onboarding projects, one by region or so.
pub const IMPLEMENTERS: [&str; 4] = ["Oskar Brandt", "Priya Nair", "Rosa Delgado", "Tomas Havel"];
/// Speaks for us where nobody owns the account.
const NO_OWNER: &str = "Customer Success desk";

/// Contacts from this number on answer surveys and hold no role.
pub const FIRST_RESPONDENT: usize = 40;

const FIRST_NAMES: [&str; 31] = [
    "Ada", "Bruno", "Clara", "David", "Esther", "Farid", "Greta", "Hugo", "Irina", "Jamal",
    "Keiko", "Lars", "Maya", "Nils", "Olga", "Pedro", "Quentin", "Ruth", "Samir", "Tess", "Umar",
    "Vera", "Wanda", "Xavier", "Yusuf", "Zoe", "Anika", "Boris", "Carmen", "Darius", "Elena",
];
const LAST_NAMES: [&str; 37] = [
    "Arnold", "Bauer", "Castro", "Dubois", "Ekman", "Ferrari", "Grant", "Hansen", "Ito", "Jensen",
    "Keller", "Lopez", "Moreau", "Nguyen", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt",
    "Tanaka", "Ueda", "Vargas", "Weber", "Xu", "Yilmaz", "Zhang", "Almeida", "Brandt", "Cohen",
    "Diallo", "Eriksen", "Fontaine", "Gupta", "Horvat", "Iqbal", "Janssen", "Kowalski",
];

/// Whose hands an account is in on our side.
pub fn owner(account: &Account) -> &'static str {
    account.owner.unwrap_or(NO_OWNER)
}

/// Returns a person at an account by a number; different numbers below a thousand are different people.
pub fn contact(account: &Account, number: usize) -> String {
    let turn = account.number as usize * 29 + number * 41;
    // Lengths without a common factor: each pair of names comes up once before any repeats.
    let first = FIRST_NAMES[turn % FIRST_NAMES.len()];
    let last = LAST_NAMES[turn % LAST_NAMES.len()];
    format!("{first} {last}")
}

pub struct Department {
    pub name: &'static str,
    pub roles: [&'static str; 3],
}

/// Departments with who works there, most senior first.
pub const DEPARTMENTS: [Department; 7] = [
    department(
        "Operations",
        [
            "Head of operations",
            "Operations manager",
            "Operations analyst",
        ],
    ),
    department("Finance", ["Finance director", "Controller", "Accountant"]),
    department(
        "Marketing",
        ["Marketing director", "Campaign manager", "Content editor"],
    ),
    department(
        "Sales",
        ["Sales director", "Account executive", "Sales analyst"],
    ),
    department(
        "IT",
        [
            "IT director",
            "Systems administrator",
            "Integration engineer",
        ],
    ),
    department(
        "Human resources",
        ["HR director", "HR business partner", "Recruiter"],
    ),
    department("Service", ["Head of service", "Team lead", "Service agent"]),
];

const fn department(name: &'static str, roles: [&'static str; 3]) -> Department {
    Department { name, roles }
}

/// Job titles of those who hold a role at a customer.
pub fn job_titles(role: &str) -> &'static [&'static str] {
    match role {
        "executive_sponsor" => &[
            "Chief operating officer",
            "Chief financial officer",
            "Chief information officer",
            "VP Operations",
            "Managing director",
        ],
        "champion" => &[
            "Head of operations",
            "Operations manager",
            "Head of analytics",
            "Programme manager",
            "Controller",
        ],
        _ => &[
            "Systems administrator",
            "IT director",
            "Integration engineer",
        ],
    }
}
