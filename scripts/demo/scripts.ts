// The demo scripts: a small one per language, all with the same input, each printing for about a second.

/** The input of every script. */
export const INPUT = {
  host: "Ada",
  guests: ["Grace", "Linus", "Margaret", "Dennis"],
  prices: { flour: 2.4, cherries: 7.8, cream: 3.1, candles: 1.2 },
  minutes: 5,
};

/** A script with its expected outcome. */
export interface DemoScript {
  readonly language: string;
  readonly title: string;
  readonly code: string;
  /** The value that it must return for `INPUT`. */
  readonly returns: unknown;
  /** The levels of the log entries that it must write, in order. */
  readonly logs: readonly string[];
  /** The audiences that it must notify, in order. */
  readonly notifies: readonly string[];
}

const NODE = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

(async () => {
  const { host, guests } = AutomnInput;
  console.log(host + " has a birthday. Inviting " + guests.length + " guests:");
  for (const [index, guest] of guests.entries()) {
    await wait(250);
    console.log("  → " + guest.padEnd(10) + " " + "▰".repeat(index + 1) + "▱".repeat(guests.length - index - 1));
  }
  AutomnLog("Invitations sent", "success", { count: guests.length });
  AutomnNotify("admin", "Everybody has been invited");
  AutomnReturn({ invited: guests });
})();
`;

const PYTHON = `
import time

prices = AUTOMN_INPUT["prices"]
print("What the cake costs:")
for name, price in sorted(prices.items(), key=lambda item: -item[1]):
    print(f"  {name:<9}{price:6.2f} {'█' * round(price * 3)}")
    time.sleep(0.25)

total = round(sum(prices.values()), 2)
dearest = max(prices, key=prices.get)
AutomnLog("Shopping list added up", "info", {"items": len(prices), "total": total})
if total > 10:
    AutomnLog(f"Over budget, mostly for {dearest}", "warn")
AutomnReturn({"total": total, "dearest": dearest})
`;

const POWERSHELL = `
$table = 0
$plan = [ordered]@{}
Write-Host "Who sits where:"
foreach ($guest in $AutomnInput.guests) {
  $table = $table % 2 + 1
  $plan[$guest] = $table
  Start-Sleep -Milliseconds 250
  Write-Host ("  table {0} <- {1}" -f $table, $guest)
}
AutomnLog -Message 'Everybody has a place' -Level success -Context @{ tables = 2 }
AutomnNotify -Audience 'kitchen' -Message "$($plan.Count) plates, please"
AutomnReturn $plan
`;

const SHELL = `
set -eu
minutes=$(printf '%s' "$AUTOMN_INPUT_JSON" | sed 's/.*"minutes":\\([0-9]*\\).*/\\1/')
echo "The cake is in the oven, $minutes minutes to go"
left=$minutes
while [ "$left" -gt 0 ]; do
  sleep 0.2
  left=$((left - 1))
  echo "  $left min left"
done
AutomnLog 'Cake is ready' success "{\\"minutes\\":$minutes}" oven
AutomnNotify everybody 'There is cake' info
AutomnReturn "{\\"cake\\":true,\\"baked\\":$minutes}"
`;

/** In the order in which the demo runs them. */
export const SCRIPTS: readonly DemoScript[] = [
  {
    language: "node", title: "Invite the guests", code: NODE,
    returns: { invited: INPUT.guests }, logs: ["success"], notifies: ["admin"],
  },
  {
    language: "python", title: "Add up the shopping", code: PYTHON,
    returns: { total: 14.5, dearest: "cherries" }, logs: ["info", "warn"], notifies: [],
  },
  {
    language: "powershell", title: "Seat the guests", code: POWERSHELL,
    returns: { Grace: 1, Linus: 2, Margaret: 1, Dennis: 2 }, logs: ["success"], notifies: ["kitchen"],
  },
  {
    language: "shell", title: "Bake the cake", code: SHELL,
    returns: { cake: true, baked: INPUT.minutes }, logs: ["success"], notifies: ["everybody"],
  },
];
