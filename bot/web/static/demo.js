// Where one phone shows at a time, the tabs of the others tell that something has come.

const tabs = [...document.querySelectorAll(".phones > input")];
const phones = [...document.querySelectorAll(".device iframe")];
const news = [...document.querySelectorAll(".news")];

addEventListener("message", (event) => {
  const place = phones.findIndex((phone) => phone.contentWindow === event.source);
  if (place >= 0) news[place].hidden = tabs[place].checked;
});

tabs.forEach((tab, place) => (tab.onchange = () => (news[place].hidden = true)));
